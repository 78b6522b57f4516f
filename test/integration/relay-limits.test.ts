// Each limit of a relay, run into by real nodes: the status that the peer gets, and the name that the operator gets.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import type { LimitName } from '../../relay/limits.ts'
import { CircuitStatus, encodeHop, STOP_PROTOCOL } from '../../shared/wire/circuit.ts'
import { askHop, connectRequest, patience, reserveRequest } from '../support/raw-circuit.ts'
import { closed, rawSocket } from '../support/raw-socket.ts'
import { answerTo, guest, statusOf, target } from '../support/relay-guests.ts'
import { relayScene, type RelayScene } from '../support/relay-scene.ts'

const { OK, CONNECTION_FAILED, MALFORMED_MESSAGE, RESERVATION_REFUSED, RESOURCE_LIMIT_EXCEEDED } =
  CircuitStatus

function assertUsed(scene: RelayScene, name: LimitName, used: number, max: number): void {
  const usage = scene.relay.usage().find(({ limit }) => limit === name)
  assert.deepEqual(usage, { limit: name, used, max })
}

/** A connection that says nothing. */
async function silent(test: TestContext, scene: RelayScene): Promise<Socket> {
  const socket = await rawSocket(scene.address)
  test.after(() => socket.destroy())
  return socket
}

describe('connections', () => {
  for (const [name, limits] of Object.entries({
    connections: { connections: 1 },
    'connections-per-host': { 'connections-per-host': 1 },
    'connection-rate-per-host': { 'connection-rate-per-host': 1 }
  })) {
    it(`are refused over ${name}, and the one that there is goes on`, async () => {
      await using scene = await relayScene(limits)
      const first = await guest(scene)
      await assert.rejects(guest(scene))
      const event = await scene.event('connection', { action: 'refused' })
      assert.equal(event.limit, name)
      assert.equal(event.host, '127.0.0.1')
      assert.ok((scene.relay.refusals[event.limit ?? 'circuits'] ?? 0) >= 1)
      assert.equal(await statusOf(first, reserveRequest()), OK)
      assertUsed(scene, 'connections', 1, name === 'connections' ? 1 : 768)
    })
  }

  it('free their places when they close', async () => {
    await using scene = await relayScene({ connections: 1 })
    const first = await guest(scene)
    await statusOf(first, reserveRequest())
    await first.node.stop()
    await scene.event('reservation', { peer: first.id, action: 'released' })
    await guest(scene)
    assertUsed(scene, 'connections', 1, 1)
  })

  it('without a handshake are few, and end at the deadline', async (t) => {
    await using scene = await relayScene({ 'handshakes-per-host': 2, 'handshake-seconds': 0.3 })
    const quiet = [await silent(t, scene), await silent(t, scene)]
    const ends = quiet.map(closed)
    const third = await silent(t, scene)
    await closed(third)
    const refused = await scene.event('connection', { action: 'refused' })
    assert.equal(refused.limit, 'handshakes-per-host')
    await Promise.all(ends)
    const late = await scene.event('connection', { action: 'closed' })
    assert.equal(late.limit, 'handshake-seconds')
    assert.equal(scene.relay.refusals['handshake-seconds'], 2)
    assertUsed(scene, 'handshakes', 0, 128)
    await guest(scene)
  })

  it('that are half-open in all have their own cap', async (t) => {
    await using scene = await relayScene({ handshakes: 1 })
    await silent(t, scene)
    const second = await silent(t, scene)
    await closed(second)
    assert.equal((await scene.event('connection')).limit, 'handshakes')
  })

  it('that nobody uses are closed, and those of reserved peers stay', async () => {
    await using scene = await relayScene({ 'idle-seconds': 0.1 })
    const reserved = await guest(scene)
    assert.equal(await statusOf(reserved, reserveRequest()), OK)
    const idle = await guest(scene)
    await once(idle.toRelay, 'close', { signal: patience() })
    assert.equal((await scene.event('connection')).limit, 'idle-seconds')
    assert.equal(reserved.toRelay.status, 'open')
    assert.equal(await statusOf(reserved, reserveRequest()), OK)
  })
})

describe('reservations', () => {
  for (const [name, limits] of Object.entries({
    reservations: { reservations: 1 },
    'reservations-per-host': { 'reservations-per-host': 1 }
  })) {
    it(`are refused over ${name}, and renewed`, async () => {
      await using scene = await relayScene(limits)
      const [first, second] = [await guest(scene), await guest(scene)]
      assert.equal(await statusOf(first, reserveRequest()), OK)
      assert.equal(await statusOf(second, reserveRequest()), RESERVATION_REFUSED)
      const event = await scene.event('reservation', { peer: second.id, action: 'refused' })
      assert.equal(event.limit, name)
      assert.equal(await statusOf(first, reserveRequest()), OK)
    })
  }

  it('are one for each peer: asking again renews it', async () => {
    await using scene = await relayScene()
    const peer = await guest(scene)
    for (let i = 0; i < 3; i++) assert.equal(await statusOf(peer, reserveRequest()), OK)
    assertUsed(scene, 'reservations', 1, 512)
  })
})

describe('requests of HOP', () => {
  for (const name of ['hop-rate-per-peer', 'hop-rate-per-host'] as const) {
    it(`are refused over ${name}, each with its status`, async () => {
      await using scene = await relayScene({ [name]: 2 })
      const [peer, other] = [await guest(scene), await guest(scene)]
      const nobody = connectRequest(other.node.peerId)
      assert.equal(await statusOf(peer, reserveRequest()), OK)
      assert.equal(await statusOf(peer, nobody), CircuitStatus.NO_RESERVATION)
      assert.equal(await statusOf(peer, nobody), RESOURCE_LIMIT_EXCEEDED)
      assert.equal(await statusOf(peer, reserveRequest()), RESERVATION_REFUSED)
      const shared = name === 'hop-rate-per-host'
      assert.equal(await statusOf(other, reserveRequest()), shared ? RESERVATION_REFUSED : OK)
      assert.equal((await scene.event('circuit', { limit: name })).action, 'refused')
      assert.ok(scene.relay.refusals[name] >= 2)
    })
  }

  it('that are refused again and again are counted, and told once', async () => {
    await using scene = await relayScene({ 'hop-rate-per-peer': 1 })
    const peer = await guest(scene)
    for (let i = 0; i < 6; i++) await statusOf(peer, reserveRequest())
    assert.equal(scene.relay.refusals['hop-rate-per-peer'], 5)
    const told = scene.events.filter((event) => 'limit' in event)
    assert.equal(told.length, 1)
  })

  it('that are nonsense do not use up what a peer may ask', async () => {
    await using scene = await relayScene({ 'hop-rate-per-peer': 1 })
    const peer = await guest(scene)
    const status = encodeHop({ type: 'STATUS', status: OK })
    assert.equal(await statusOf(peer, status), CircuitStatus.UNEXPECTED_MESSAGE)
    assert.equal(await statusOf(peer, reserveRequest()), OK)
  })
})

describe('circuits', () => {
  for (const name of ['circuits', 'circuits-per-peer', 'circuits-per-host'] as const) {
    it(`are refused over ${name}`, async () => {
      await using scene = await relayScene({ [name]: 1 })
      const host = await target(scene)
      const from = await guest(scene)
      const { answer } = await askHop(from.toRelay, connectRequest(host.node.peerId))
      assert.equal(answer.status, OK)
      assert.equal(await statusOf(from, connectRequest(host.node.peerId)), RESOURCE_LIMIT_EXCEEDED)
      assert.equal((await scene.event('circuit', { action: 'refused' })).limit, name)
      assertUsed(scene, name, 1, 1)
    })
  }

  for (const [name, limits] of Object.entries({
    'circuit-bytes': { 'circuit-bytes': 1000 },
    'circuit-seconds': { 'circuit-seconds': 0.2 }
  })) {
    it(`end over ${name}, which is counted`, async () => {
      await using scene = await relayScene(limits)
      const host = await target(scene)
      const from = await guest(scene)
      const { stream } = await askHop(from.toRelay, connectRequest(host.node.peerId))
      await host.taken
      if (name === 'circuit-bytes') stream.send(new Uint8Array(1001))
      const end = await scene.event('circuit', { action: 'closed' })
      assert.equal(end.limit, name)
      assert.equal(scene.relay.refusals[end.limit ?? 'circuits'], 1)
    })
  }
})

describe('offences', () => {
  const limits = { 'offences-per-peer': 2 }

  it('of a peer that sends nonsense end its connection, and nobody else’s', async () => {
    await using scene = await relayScene(limits)
    const [peer, other] = [await guest(scene), await guest(scene)]
    const nonsense = Uint8Array.of(0)
    const ended = once(peer.toRelay, 'close', { signal: patience() })
    for (let n = 0; n < 2; n++) assert.equal(await answerTo(peer, nonsense), MALFORMED_MESSAGE)
    assert.equal(peer.toRelay.status, 'open')
    await answerTo(peer, nonsense).catch(() => {}) // whether its answer comes before the end
    await ended
    const event = await scene.event('connection', { action: 'closed' })
    assert.equal(event.limit, 'offences-per-peer')
    assert.equal(await statusOf(other, reserveRequest()), OK)
  })

  it('are those of a target that answers nonsense, and not of who asked for it', async () => {
    await using scene = await relayScene(limits)
    const [mad, from] = [await guest(scene), await guest(scene)]
    await mad.node.handle(STOP_PROTOCOL, (stream) => void stream.send(Uint8Array.of(0)))
    assert.equal(await statusOf(mad, reserveRequest()), OK)
    const ended = once(mad.toRelay, 'close', { signal: patience() })
    const ask = async (): Promise<number | undefined> =>
      statusOf(from, connectRequest(mad.node.peerId))
    for (let n = 0; n < 3; n++) assert.equal(await ask(), CONNECTION_FAILED)
    await ended
    assert.equal(from.toRelay.status, 'open')
  })

  it('are none of a target that refuses, does not answer, or does not speak STOP', async () => {
    await using scene = await relayScene({ ...limits, 'stop-seconds': 0.05 })
    const from = await guest(scene)
    const refusing = await target(scene, { status: CircuitStatus.PERMISSION_DENIED })
    const [mute, ignorant] = [await guest(scene), await guest(scene)]
    await mute.node.handle(STOP_PROTOCOL, () => {})
    for (const each of [mute, ignorant]) assert.equal(await statusOf(each, reserveRequest()), OK)
    for (const each of [refusing, mute, ignorant]) {
      const ask = async (): Promise<number | undefined> =>
        statusOf(from, connectRequest(each.node.peerId))
      for (let n = 0; n < 4; n++) assert.equal(await ask(), CONNECTION_FAILED)
      assert.equal(each.toRelay.status, 'open')
    }
    assert.equal(scene.relay.refusals['offences-per-peer'], 0)
  })
})
