// How fast circuits are, and what they may hold: with peers that send as fast as they can, and peers that do not read.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Stream } from '@libp2p/interface'
import { CircuitStatus } from '../../shared/wire/circuit.ts'
import {
  askHop,
  connectRequest,
  patience,
  reserveRequest,
  takeCircuits
} from '../support/raw-circuit.ts'
import { startEcho } from '../support/circuit-echo.ts'
import { eventually } from '../support/eventually.ts'
import { guest, statusOf, target } from '../support/relay-guests.ts'
import { relayScene, type RelayScene } from '../support/relay-scene.ts'

const KIB = 1024

/** Resolves with how long the bytes took to arrive. */
async function carry(scene: RelayScene, bytes: number): Promise<number> {
  const host = await target(scene)
  const from = await guest(scene)
  const { stream } = await askHop(from.toRelay, connectRequest(host.node.peerId))
  const { stream: far } = await host.taken
  const all = Promise.withResolvers<void>()
  let received = 0
  far.addEventListener('message', ({ data }) => {
    received += data.byteLength
    if (received === bytes) all.resolve()
  })
  const startedMs = performance.now()
  stream.send(new Uint8Array(bytes))
  await all.promise
  return performance.now() - startedMs
}

describe('bandwidth', () => {
  for (const name of ['circuit-bytes-per-second', 'bytes-per-second'] as const) {
    it(`is no more than ${name}, once a second's worth has passed, and nothing is lost`, async () => {
      await using scene = await relayScene({ [name]: 512 * KIB })
      const tookMs = await carry(scene, 1024 * KIB)
      // What is under way in a window passes before it is paid for: a quarter of the second half.
      assert.ok(tookMs > 300, `${tookMs} ms`)
    })
  }

  it('is told of the fastest direction, while its circuit is there', async () => {
    await using scene = await relayScene()
    const used = (): number | undefined =>
      scene.relay.usage().find(({ limit }) => limit === 'circuit-bytes-per-second')?.used
    const host = await target(scene)
    const from = await guest(scene)
    const { stream } = await askHop(from.toRelay, connectRequest(host.node.peerId))
    const { stream: far } = await host.taken
    far.addEventListener('message', () => {})
    stream.send(new Uint8Array(64 * KIB))
    await eventually(used, (rate = 0) => rate > 0)
    stream.abort(new Error('enough'))
    // Of a circuit that stayed and was quiet it would be known for 5 s.
    await eventually(used, (rate) => rate === 0, 4000)
  })

  it('is not limited for a circuit that asks for less', async () => {
    await using scene = await relayScene({ 'circuit-bytes-per-second': 512 * KIB })
    assert.ok((await carry(scene, 64 * KIB)) < 300)
  })
})

describe('a circuit that carries little', () => {
  it('is not held back by those that take all that there is', async () => {
    const limits = { circuits: 16, 'bytes-per-second': 512 * KIB }
    await using scene = await relayScene(limits)
    const [host, from] = [await guest(scene), await guest(scene)]
    let received = 0
    await takeCircuits(host.node, ({ stream }) => {
      stream.addEventListener('message', ({ data }) => {
        received += data.byteLength
      })
    })
    assert.equal(await statusOf(host, reserveRequest()), CircuitStatus.OK)
    // Each lets a window of 256 KiB through, and they owe 4 s then.
    for (let i = 0; i < 8; i++) {
      const { stream } = await askHop(from.toRelay, connectRequest(host.node.peerId))
      stream.send(new Uint8Array(4 * 1024 * KIB))
    }
    await eventually(
      () => received,
      (bytes) => bytes > 1024 * KIB
    )
    const echo = await startEcho(scene)
    const startedMs = performance.now()
    await eventually(
      () => echo.messages,
      (count) => count > 50
    )
    const tookMs = performance.now() - startedMs
    // Otherwise each direction would wait for a second and more after each message.
    assert.ok(tookMs < 5000, `${tookMs} ms`)
    await echo.stop()
  })
})

describe('what stalled circuits hold', () => {
  it('is bounded in all: those that hold most end, and others go on', async () => {
    const max = 1024 * KIB
    await using scene = await relayScene({ 'held-bytes': max })
    const host = await guest(scene)
    const taken: Stream[] = []
    await takeCircuits(host.node, ({ stream }) => {
      stream.pause()
      taken.push(stream)
    })
    assert.equal(await statusOf(host, reserveRequest()), CircuitStatus.OK)
    const quiet = await target(scene)
    const from = await guest(scene)
    const { stream: alive } = await askHop(from.toRelay, connectRequest(quiet.node.peerId))
    const { stream: aliveFar } = await quiet.taken
    for (let i = 0; i < 16; i++) {
      const { stream } = await askHop(from.toRelay, connectRequest(host.node.peerId))
      stream.send(new Uint8Array(2 * 1024 * KIB))
    }
    const ended = await scene.event('circuit', { limit: 'held-bytes' })
    assert.match(ended.reason ?? '', /held \d+ bytes/)
    const held = (): number =>
      scene.relay.usage().find(({ limit }) => limit === 'held-bytes')?.used ?? Infinity
    const inTime = patience()
    while (held() > max) await sleep(20, undefined, { signal: inTime })
    assert.ok(scene.relay.refusals['held-bytes'] > 0)

    const heard = Promise.withResolvers<void>()
    aliveFar.addEventListener('message', () => heard.resolve())
    alive.send(Buffer.from('still here'))
    await heard.promise
  })
})
