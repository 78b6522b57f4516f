// Reservations and circuits with stock js-libp2p peers, over real sockets.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { IdentifyResult, Libp2p } from '@libp2p/interface'
import { byteStream, echo } from '@libp2p/utils'
import { relayScene, throughRelay } from '../support/relay-scene.ts'

const ECHO = '/test/echo/1.0.0'

const withEcho = async (node: Libp2p): Promise<void> => {
  await node.handle(ECHO, (stream) => void echo(stream), { runOnLimitedConnection: true })
}

const signal = (): AbortSignal => AbortSignal.timeout(10_000)

describe('a relay with stock peers', () => {
  it('grants a reservation, opens a circuit, carries data both ways, and counts it', async () => {
    await using scene = await relayScene()
    const target = await scene.peer({ reserve: true, prepare: withEcho })
    const from = await scene.peer()
    await scene.event('reservation', { peer: target.peerId.toString(), action: 'granted' })

    const connection = await from.dial(throughRelay(scene, target), { signal: signal() })
    assert.equal(connection.direct, false)
    const circuit = { from: from.peerId.toString(), to: target.peerId.toString() }
    await scene.event('circuit', { ...circuit, action: 'opened' })

    const stream = await connection.newStream(ECHO, { runOnLimitedConnection: true })
    const bytes = byteStream(stream)
    await bytes.write(Buffer.from('hello through the relay'))
    const answer = await bytes.read({ bytes: 23, signal: signal() })
    assert.equal(Buffer.from(answer.subarray()).toString(), 'hello through the relay')

    await connection.close()
    const closed = await scene.event('circuit', { ...circuit, action: 'closed' })
    assert.ok((closed.bytes ?? 0) > 46, `${closed.bytes} bytes`)
    assert.equal(closed.reason, 'it was closed')
  })

  it('announces its limits in seconds and bytes in each direction', async () => {
    await using scene = await relayScene()
    const target = await scene.peer({ reserve: true })
    const from = await scene.peer()
    const { limits } = await from.dial(throughRelay(scene, target), { signal: signal() })
    assert.equal(Math.round((limits?.seconds ?? 0) / 60), 30)
    assert.ok(
      (limits?.bytes ?? 0n) > 60n * 1024n * 1024n && (limits?.bytes ?? 0n) <= 64n * 1024n * 1024n
    )
  })

  it('tells a peer through identify how it is seen, and what the relay speaks', async () => {
    await using scene = await relayScene()
    const identified = Promise.withResolvers<IdentifyResult>()
    const peer = await scene.peer({
      prepare: async (node) => {
        node.addEventListener('peer:identify', ({ detail }) => identified.resolve(detail))
      }
    })
    await peer.dial(scene.address, { signal: signal() })
    const { observedAddr, protocols, listenAddrs } = await identified.promise
    assert.match(String(observedAddr), /^\/ip4\/127\.0\.0\.1\/tcp\/\d+\/p2p\//)
    assert.equal(String(observedAddr).split('/p2p/')[1], String(peer.peerId))
    assert.deepEqual(listenAddrs.map(String), [String(scene.address).split('/p2p/')[0]])
    assert.deepEqual(protocols.toSorted(), [
      '/ipfs/id/1.0.0',
      '/ipfs/ping/1.0.0',
      '/libp2p/circuit/relay/0.2.0/hop',
      '/parley/meeting/1.0.0',
      '/parley/reflect/1.0.0',
      '/parley/report/1.0.0',
      '/rendezvous/1.0.0'
    ])
  })

  it('releases a reservation when the last connection of its peer closes', async () => {
    await using scene = await relayScene()
    const target = await scene.peer({ reserve: true })
    const peer = target.peerId.toString()
    await scene.event('reservation', { peer, action: 'granted' })
    await target.stop()
    const released = await scene.event('reservation', { peer, action: 'released' })
    assert.equal(released.reason, 'the peer disconnected')

    const from = await scene.peer()
    await assert.rejects(
      from.dial(throughRelay(scene, target), { signal: signal() }),
      /NO_RESERVATION/
    )
  })

  it('lets 20 peers of one host come in the same second, and all talk to all', async () => {
    await using scene = await relayScene()
    const room = await Promise.all(
      Array.from({ length: 20 }, async () => scene.peer({ reserve: true, prepare: withEcho }))
    )
    const [first, ...others] = room
    assert.ok(first !== undefined)
    await Promise.all(
      others.map(async (other) => {
        const stream = await other.dialProtocol(throughRelay(scene, first), ECHO, {
          runOnLimitedConnection: true,
          signal: signal()
        })
        const bytes = byteStream(stream)
        await bytes.write(Buffer.from('here'))
        await bytes.read({ bytes: 4, signal: signal() })
      })
    )
    const opened = scene.events.filter((event) => event.event === 'circuit')
    assert.equal(opened.length, 19)
  })
})
