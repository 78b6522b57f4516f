// The splice between two real yamux streams: order, half-close, backpressure, limits, failure.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import type { Stream } from '@libp2p/interface'
import { byteStream } from '@libp2p/utils'
import { splice, type SpliceEnd, type SpliceOptions } from '../../../../relay/circuit/splice.ts'
import { CIRCUIT_WINDOW_BYTES, keepWindowSmall } from '../../../../relay/circuit/window.ts'
import { yamuxPair, type YamuxPair } from '../../../support/yamux-pair.ts'

const patience = (): { signal: AbortSignal } => ({ signal: AbortSignal.timeout(10_000) })

interface Circuit {
  dialler: YamuxPair
  target: YamuxPair
  /** The ends that the peers hold. */
  a: Stream
  b: Stream
  join: (options?: Partial<SpliceOptions>) => Promise<SpliceEnd>
}

async function circuit(): Promise<Circuit> {
  const dialler = await yamuxPair()
  const target = await yamuxPair()
  keepWindowSmall(dialler.far)
  keepWindowSmall(target.far)
  return {
    dialler,
    target,
    a: dialler.near,
    b: target.near,
    join: async (options = {}) =>
      splice(dialler.far, target.far, {
        maxBytes: Infinity,
        maxDurationMs: 60_000,
        signal: new AbortController().signal,
        ...options
      })
  }
}

/** Everything until the remote closes its half. */
function collect(stream: Stream): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  const all = Promise.withResolvers<Buffer>()
  const finish = (): void => all.resolve(Buffer.concat(chunks))
  stream.addEventListener('message', ({ data }) => {
    chunks.push(data.subarray().slice())
    if (stream.readableEnded) finish()
  })
  stream.addEventListener('end', finish)
  return all.promise
}

const numbered = (bytes: number): Uint8Array =>
  Uint8Array.from({ length: bytes }, (_, index) => (index * 31 + (index >> 8)) & 255)

describe('the splice of a circuit', () => {
  it('passes bytes on in both directions, and counts them', async () => {
    const { a, b, join } = await circuit()
    let passed = 0
    const ended = join({ passed: { add: (bytes) => (passed += bytes) } })
    const [atA, atB] = [collect(a), collect(b)]
    a.send(Buffer.from('ping'))
    b.send(Buffer.from('pong pong'))
    await a.close()
    await b.close()
    assert.equal((await atB).toString(), 'ping')
    assert.equal((await atA).toString(), 'pong pong')
    assert.equal(passed, 13)
    assert.deepEqual(await ended, {
      reason: 'it was closed',
      bytesToTarget: 4,
      bytesFromTarget: 9
    })
  })

  it('passes on a half-close, and the other direction stays open', async () => {
    const { a, b, join } = await circuit()
    const ended = join()
    const atB = collect(b)
    a.send(Buffer.from('question'))
    await a.close()
    assert.equal((await atB).toString(), 'question')
    const atA = collect(a)
    b.send(Buffer.from('answer'))
    await b.close()
    assert.equal((await atA).toString(), 'answer')
    assert.equal((await ended).reason, 'it was closed')
  })

  it('does not lose what arrived, end of stream included, before it began', async () => {
    const { dialler, a, b, join } = await circuit()
    dialler.far.pause()
    const atB = collect(b)
    a.send(Buffer.from('early'))
    await a.close()
    if (dialler.far.remoteWriteStatus !== 'closed') {
      await once(dialler.far, 'remoteCloseWrite', patience())
    }
    const ended = join()
    assert.equal((await atB).toString(), 'early')
    await b.close()
    assert.equal((await ended).bytesToTarget, 5)
  })

  it('holds a bounded part of what a receiver does not take, and delivers all of it later', async () => {
    const { dialler, target, a, b, join } = await circuit()
    keepWindowSmall(b)
    const ended = join()
    const atB = collect(b)
    b.pause()
    const sent = numbered(6 * 1024 * 1024)
    a.send(sent)
    const closed = a.close(patience())

    const atRelay = (): number => dialler.far.readBufferLength + target.far.writeBufferLength
    await untilStill(() => atRelay() + b.readBufferLength)
    // Takes what it has, and stalls again.
    b.resume()
    b.pause()
    await untilStill(() => atRelay() + b.readBufferLength)
    // What the stream hears when another stream of the same connection has made room.
    for (let times = 0; times < 50; times++) {
      target.far.dispatchEvent(new Event('drain'))
      await new Promise((resolve) => setImmediate(resolve))
    }
    await untilStill(() => atRelay() + b.readBufferLength)
    assert.ok(b.readBufferLength > 0, 'the receiver has something to take')
    assert.ok(atRelay() > 0 && atRelay() <= 2 * CIRCUIT_WINDOW_BYTES, `${atRelay()} at the relay`)
    assert.ok(a.writeBufferLength > 4 * 1024 * 1024, 'the rest waits at its sender')

    b.resume()
    assert.equal(Buffer.compare(await atB, sent), 0)
    await closed
    await b.close()
    assert.equal((await ended).bytesToTarget, sent.byteLength)
  })

  it('stays bounded while a slow receiver takes a little at a time', async () => {
    const { dialler, target, a, b, join } = await circuit()
    const ended = join()
    let mostAtRelay = 0
    b.addEventListener('message', () => {
      b.pause()
      const held = dialler.far.readBufferLength + target.far.writeBufferLength
      mostAtRelay = Math.max(mostAtRelay, held)
      setImmediate(() => setImmediate(() => b.readStatus === 'paused' && b.resume()))
    })
    const atB = collect(b)
    const sent = numbered(6 * 1024 * 1024)
    a.send(sent)
    await a.close(patience())
    assert.equal(Buffer.compare(await atB, sent), 0)
    await b.close()
    assert.equal((await ended).bytesToTarget, sent.byteLength)
    assert.ok(mostAtRelay <= 2 * CIRCUIT_WINDOW_BYTES, `${mostAtRelay} bytes at the relay`)
  })

  it('ends both streams when one of them is reset, and says whose', async () => {
    for (const who of ['a', 'b'] as const) {
      const { a, b, join } = await circuit()
      const ended = join()
      const [broken, other] = who === 'a' ? [a, b] : [b, a]
      const closing = once(other, 'close', patience())
      broken.abort(new Error('enough'))
      await closing
      assert.equal(other.status, 'reset')
      assert.match((await ended).reason, who === 'a' ? /dialling peer failed/ : /target failed/)
    }
  })

  it('ends when one peer has gone and the other has been told', async () => {
    const { dialler, a, b, join } = await circuit()
    const ended = join()
    const atB = collect(b)
    const heard = once(b, 'message', patience())
    a.send(Buffer.from('last words'))
    await heard
    await dialler.disconnect()
    assert.equal((await atB).toString(), 'last words')
    assert.equal((await ended).bytesToTarget, 10)
  })

  it('ends with a reason when it was broken before it began', async () => {
    const { dialler, join } = await circuit()
    dialler.far.abort(new Error('gone'))
    assert.match((await join()).reason, /stream was aborted/)
  })

  it('ends at its limit of bytes, each direction for itself, and passes on nothing beyond', async () => {
    const { a, b, join } = await circuit()
    const ended = join({ maxBytes: 10 })
    const [fromA, fromB] = [byteStream(b), byteStream(a)]
    a.send(new Uint8Array(10))
    b.send(new Uint8Array(10))
    await fromA.read({ bytes: 10, ...patience() })
    await fromB.read({ bytes: 10, ...patience() })
    const closing = once(b, 'close', patience())
    a.send(new Uint8Array(1))
    assert.match((await ended).reason, /limit of 10 bytes in one direction/)
    await closing
    assert.equal(b.status, 'reset')
  })

  it('ends at its limit of time', async () => {
    const { join } = await circuit()
    assert.equal((await join({ maxDurationMs: 10 })).reason, 'its limit of 0.01 s was reached')
  })

  it('ends when the relay stops, also when that was before', async () => {
    const stop = new AbortController()
    const ended = (await circuit()).join({ signal: stop.signal })
    stop.abort()
    assert.equal((await ended).reason, 'the relay stopped')
    assert.equal(
      (await (await circuit()).join({ signal: stop.signal })).reason,
      'the relay stopped'
    )
  })
})

/** Resolves when a number has been the same over many turns of the event loop: nothing moves any more. */
async function untilStill(value: () => number): Promise<void> {
  let last = -1
  for (let turns = 0; turns < 200; turns++) {
    if (value() !== last) turns = 0
    last = value()
    await new Promise((resolve) => setImmediate(resolve))
  }
}
