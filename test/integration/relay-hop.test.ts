// What the relay answers to requests made by hand: refusals, limits, garbage, and peers that stall or vanish.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import { generateKeyPair } from '@libp2p/crypto/keys'
import type { Stream } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { byteStream, lpStream } from '@libp2p/utils'
import { CircuitStatus, decodeHop, encodeHop, HOP_PROTOCOL } from '../../shared/wire/circuit.ts'
import { openVoucher } from '../../shared/wire/reservation-voucher.ts'
import { askHop, connectRequest, patience, reserveRequest } from '../support/raw-circuit.ts'
import { answerTo, guest, statusOf, target } from '../support/relay-guests.ts'
import { relayScene } from '../support/relay-scene.ts'

async function readText(stream: Stream, bytes: number): Promise<string> {
  const read = await byteStream(stream).read({ bytes, signal: patience() })
  return Buffer.from(read.subarray()).toString()
}

describe('a reservation asked for by hand', () => {
  it('has an hour, the limits in the units of the spec, addresses, and a signed voucher', async () => {
    await using scene = await relayScene()
    const peer = await guest(scene)
    const { answer } = await askHop(peer.toRelay, reserveRequest())
    assert.equal(answer.status, CircuitStatus.OK)
    assert.deepEqual(answer.limit, { durationSeconds: 1800, dataBytes: 64 * 1024 * 1024 })
    const inSeconds = (answer.reservation?.expireSeconds ?? 0) - Date.now() / 1000
    assert.ok(inSeconds > 3590 && inSeconds <= 3600, `${inSeconds} s`)
    const addresses = answer.reservation?.addresses.map((bytes) => Buffer.from(bytes))
    assert.deepEqual(addresses, [Buffer.from(scene.address.bytes)])
    const voucher = await openVoucher(answer.reservation?.voucher ?? new Uint8Array(), {
      signal: patience()
    })
    assert.equal(voucher.peer.toString(), peer.id)
    assert.equal(voucher.relay.toString(), scene.relay.peerId)
    assert.equal(voucher.expireSeconds, answer.reservation?.expireSeconds)
  })

  it('is renewed in place, and refused when all are taken', async () => {
    await using scene = await relayScene({ reservations: 1 })
    const first = await guest(scene)
    assert.equal(await statusOf(first, reserveRequest()), CircuitStatus.OK)
    assert.equal(await statusOf(first, reserveRequest()), CircuitStatus.OK)
    await scene.event('reservation', { peer: first.id, action: 'granted', reason: 'renewed' })

    const second = await guest(scene)
    assert.equal(await statusOf(second, reserveRequest()), CircuitStatus.RESERVATION_REFUSED)
    const refused = await scene.event('reservation', { peer: second.id, action: 'refused' })
    assert.equal(refused.reason, 'all 1 reservations are taken')

    await first.node.stop()
    await scene.event('reservation', { peer: first.id, action: 'released' })
    assert.equal(await statusOf(second, reserveRequest()), CircuitStatus.OK)
  })

  it('stays while one of two connections closes', async () => {
    await using scene = await relayScene()
    const host = await target(scene)
    const second = await host.node.dial(scene.address, { force: true, signal: patience() })
    assert.notEqual(second.id, host.toRelay.id)
    await host.toRelay.close()
    const from = await guest(scene)
    // The older connection is closed by now, and the circuit comes over the newer one.
    assert.equal(await statusOf(from, connectRequest(host.node.peerId)), CircuitStatus.OK)
    await second.close()
    await scene.event('reservation', { peer: host.id, action: 'released' })
  })

  it('runs out when it is not renewed, and the relay says so', async () => {
    await using scene = await relayScene({ 'reservation-seconds': 0.05 })
    const host = await target(scene)
    const released = await scene.event('reservation', { peer: host.id, action: 'released' })
    assert.match(released.reason ?? '', /ran out/)
    assert.equal(released.limit, 'reservation-seconds')
    assert.equal(scene.relay.refusals['reservation-seconds'], 1)
    const from = await guest(scene)
    const status = await statusOf(from, connectRequest(host.node.peerId))
    assert.equal(status, CircuitStatus.NO_RESERVATION)
  })
})

describe('a circuit asked for by hand', () => {
  it('carries what either side sent together with its handshake', async () => {
    await using scene = await relayScene()
    const host = await target(scene, { first: Buffer.from('from the target') })
    const from = await guest(scene)
    const stream = await from.toRelay.newStream(HOP_PROTOCOL, { signal: patience() })
    const frames = lpStream(stream)
    const request = connectRequest(host.node.peerId)
    stream.send(Buffer.concat([Uint8Array.of(request.byteLength), request, Buffer.from('eager')]))
    const answer = decodeHop((await frames.read({ signal: patience() })).subarray())
    assert.equal(answer.status, CircuitStatus.OK)
    const taken = await host.taken
    assert.deepEqual(taken.request.limit, answer.limit)
    assert.deepEqual(
      Buffer.from(taken.request.peer?.id ?? []),
      Buffer.from(from.node.peerId.toMultihash().bytes)
    )
    assert.equal(await readText(taken.stream, 5), 'eager')
    assert.equal(await readText(frames.unwrap(), 15), 'from the target')
  })

  it('is refused when the target has no reservation', async () => {
    await using scene = await relayScene()
    const from = await guest(scene)
    const stranger = peerIdFromPrivateKey(await generateKeyPair('Ed25519'))
    assert.equal(await statusOf(from, connectRequest(stranger)), CircuitStatus.NO_RESERVATION)
    const refused = await scene.event('circuit', { from: from.id, action: 'refused' })
    assert.equal(refused.to, stranger.toString())
    assert.match(refused.reason ?? '', /no reservation/)
  })

  it('fails when the target refuses it, does not speak STOP, or answers garbage', async () => {
    await using scene = await relayScene()
    const from = await guest(scene)
    const refusing = await target(scene, { status: CircuitStatus.PERMISSION_DENIED })
    const failed = CircuitStatus.CONNECTION_FAILED
    assert.equal(await statusOf(from, connectRequest(refusing.node.peerId)), failed)
    const first = await scene.event('circuit', { to: refusing.id, action: 'refused' })
    assert.match(first.reason ?? '', /PERMISSION_DENIED/)

    const mute = await guest(scene)
    await statusOf(mute, reserveRequest())
    assert.equal(await statusOf(from, connectRequest(mute.node.peerId)), failed)
    const second = await scene.event('circuit', { to: mute.id, action: 'refused' })
    assert.match(second.reason ?? '', /does not speak \/libp2p\/circuit\/relay\/0\.2\.0\/stop/)

    const mad = await guest(scene)
    await mad.node.handle('/libp2p/circuit/relay/0.2.0/stop', (stream) => {
      stream.send(Uint8Array.of(3, 0xff, 0xff, 0xff))
    })
    await statusOf(mad, reserveRequest())
    assert.equal(await statusOf(from, connectRequest(mad.node.peerId)), failed)
  })

  it('fails when the target takes the stream and says nothing', async () => {
    await using scene = await relayScene({ 'stop-seconds': 0.05 })
    const host = await guest(scene)
    await host.node.handle('/libp2p/circuit/relay/0.2.0/stop', () => {})
    await statusOf(host, reserveRequest())
    const from = await guest(scene)
    const status = await statusOf(from, connectRequest(host.node.peerId))
    assert.equal(status, CircuitStatus.CONNECTION_FAILED)
    const refused = await scene.event('circuit', { to: host.id, action: 'refused' })
    assert.match(refused.reason ?? '', /failed to exchange STOP messages with the target in time/)
    assert.equal(refused.limit, 'stop-seconds')
    assert.equal(scene.relay.refusals['stop-seconds'], 1)
  })

  it('is refused over the limit of a peer, and admitted when an earlier one has ended', async () => {
    await using scene = await relayScene({ 'circuits-per-peer': 1 })
    const host = await target(scene)
    const from = await guest(scene)
    const request = connectRequest(host.node.peerId)
    const { answer, stream } = await askHop(from.toRelay, request)
    assert.equal(answer.status, CircuitStatus.OK)
    assert.equal(await statusOf(from, request), CircuitStatus.RESOURCE_LIMIT_EXCEEDED)
    const other = await guest(scene)
    assert.equal(await statusOf(other, request), CircuitStatus.RESOURCE_LIMIT_EXCEEDED)
    stream.abort(new Error('enough'))
    const closed = await scene.event('circuit', { from: from.id, action: 'closed' })
    assert.match(closed.reason ?? '', /the dialling peer failed/)
    assert.equal(await statusOf(from, request), CircuitStatus.OK)
  })

  it('ends at its limit of bytes and at its limit of time', async () => {
    await using scene = await relayScene({ 'circuit-bytes': 1000, 'circuit-seconds': 0.3 })
    const host = await target(scene)
    const from = await guest(scene)
    const { stream } = await askHop(from.toRelay, connectRequest(host.node.peerId))
    const reset = once(stream, 'close', { signal: patience() })
    stream.send(new Uint8Array(1001))
    await reset
    const byBytes = await scene.event('circuit', { from: from.id, action: 'closed' })
    assert.match(byBytes.reason ?? '', /limit of 1000 bytes/)

    const late = await guest(scene)
    await askHop(late.toRelay, connectRequest(host.node.peerId))
    const byTime = await scene.event('circuit', { from: late.id, action: 'closed' })
    assert.match(byTime.reason ?? '', /limit of 0.3 s/)
  })

  it('ends when one of its peers vanishes', async () => {
    await using scene = await relayScene()
    const host = await target(scene)
    const from = await guest(scene)
    const { stream } = await askHop(from.toRelay, connectRequest(host.node.peerId))
    await host.taken
    const ended = once(stream, 'close', { signal: patience() })
    host.toRelay.abort(new Error('cable pulled'))
    await ended
    await scene.event('circuit', { to: host.id, action: 'closed' })
  })

  it('ends when the relay stops, which waits for it', async () => {
    await using scene = await relayScene()
    const host = await target(scene)
    const from = await guest(scene)
    await askHop(from.toRelay, connectRequest(host.node.peerId))
    await scene.relay[Symbol.asyncDispose]()
    const closed = await scene.event('circuit', { to: host.id, action: 'closed' })
    assert.equal(closed.reason, 'the relay stopped')
    assert.deepEqual(scene.events.at(-1), { event: 'stopped' })
  })
})

describe('bad input on HOP', () => {
  it('is answered with MALFORMED_MESSAGE, and the relay goes on', async () => {
    await using scene = await relayScene()
    const peer = await guest(scene)
    const malformed = CircuitStatus.MALFORMED_MESSAGE
    const cases: Record<string, Uint8Array> = {
      'an empty message': Uint8Array.of(0),
      'a message that is cut off inside': Uint8Array.of(3, 0x12, 0x50, 0x01),
      'an unknown type': Uint8Array.of(2, 0x08, 0x09),
      'a CONNECT to nobody': Uint8Array.of(2, 0x08, 0x01),
      'a CONNECT to something that is no peer id': Uint8Array.of(8, 8, 1, 18, 4, 10, 2, 0xff, 0xff),
      'a message of 4,097 bytes': Uint8Array.of(0x81, 0x20, 1, 2, 3),
      'a length that never ends': new Uint8Array(20).fill(0xff)
    }
    for (const [what, bytes] of Object.entries(cases)) {
      assert.equal(await answerTo(peer, bytes), malformed, what)
    }
    const status = encodeHop({ type: 'STATUS', status: CircuitStatus.OK })
    assert.equal(await statusOf(peer, status), CircuitStatus.UNEXPECTED_MESSAGE)
    assert.equal(await statusOf(peer, reserveRequest()), CircuitStatus.OK)
  })

  it('a CONNECT with hundreds of addresses is malformed', async () => {
    await using scene = await relayScene()
    const peer = await guest(scene)
    const addresses = Array.from({ length: 300 }, () => Uint8Array.of(4, 10, 0, 0, 1))
    const id = peer.node.peerId.toMultihash().bytes
    const request = encodeHop({ type: 'CONNECT', peer: { id, addresses } })
    assert.equal(await statusOf(peer, request), CircuitStatus.MALFORMED_MESSAGE)
  })

  it('a stream that stalls is reset after its deadline', async () => {
    await using scene = await relayScene({ 'hop-seconds': 0.05 })
    const peer = await guest(scene)
    const stalled = await peer.toRelay.newStream(HOP_PROTOCOL, { signal: patience() })
    const closed = once(stalled, 'close', { signal: patience() })
    stalled.send(Uint8Array.of(10, 1))
    await closed
    assert.equal(stalled.status, 'reset')
    const late = await scene.event('stream', { peer: peer.id, action: 'closed' })
    assert.deepEqual([late.limit, late.reason], ['hop-seconds', 'no HOP message arrived in time'])
    const unclosed = await askHop(peer.toRelay, reserveRequest())
    await once(unclosed.stream, 'close', { signal: patience() })
    assert.equal(unclosed.stream.status, 'reset')
    assert.equal(scene.relay.refusals['hop-seconds'], 2)
  })

  it('a stream that ends or breaks before its message leaves nothing behind', async () => {
    await using scene = await relayScene()
    const peer = await guest(scene)
    const ended = await peer.toRelay.newStream(HOP_PROTOCOL, { signal: patience() })
    ended.send(Uint8Array.of(10, 1))
    const closed = once(ended, 'close', { signal: patience() })
    await ended.close()
    await closed
    const broken = await peer.toRelay.newStream(HOP_PROTOCOL, { signal: patience() })
    broken.abort(new Error('changed my mind'))
    assert.equal(await statusOf(peer, reserveRequest()), CircuitStatus.OK)
  })
})
