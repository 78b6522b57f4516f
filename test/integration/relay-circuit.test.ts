// Reservations and circuits with stock js-libp2p peers, over real sockets.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Libp2p } from '@libp2p/interface'
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
})
