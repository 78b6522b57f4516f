// What a handshake reads and writes, and what becomes of one that does not go on.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { AbortOptions, Stream } from '@libp2p/interface'
import { streamPair } from '@libp2p/utils'
import { array, assert as assertThat, asyncProperty, nat, uint8Array } from 'fast-check'
import { HandshakeFrames } from '../../../../shared/transport/handshake-frames.ts'
import { isReceiver, type Receiver } from '../../../../shared/transport/multistream-answer.ts'
import { inPieces } from '../../../support/mutations.ts'
import { collect } from '../../../support/noise-pair.ts'

const frame = (bytes: Uint8Array): Buffer =>
  Buffer.concat([Uint8Array.of(bytes.byteLength >> 8, bytes.byteLength & 0xff), bytes])

const [FIRST, SECOND] = [Buffer.alloc(32, 1), Buffer.alloc(300, 2)]

interface Reader {
  frames: HandshakeFrames
  /** Receives at the end of the reader. */
  far: Stream & Receiver
  near: Stream
}

async function reader(options?: AbortOptions): Promise<Reader> {
  const [near, far] = await streamPair()
  assert.ok(isReceiver(far))
  return { frames: new HandshakeFrames(far, options), far, near }
}

const read = async ({ frames }: Reader): Promise<Buffer> =>
  Buffer.from((await frames.read()).subarray())

const settled = async (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('the frames of a handshake', () => {
  it('are read in whatever pieces they come, and what comes behind is left to the next reader', async () => {
    const anything = uint8Array({ maxLength: 200 })
    await assertThat(
      asyncProperty(anything, array(nat(600)), async (behind, cuts) => {
        const talk = await reader()
        const all = Buffer.concat([frame(FIRST), frame(SECOND), behind])
        for (const piece of inPieces(all, cuts)) talk.far.onData(piece)
        assert.deepEqual([await read(talk), await read(talk)], [FIRST, SECOND])
        assert.equal(talk.frames.unwrap(), talk.far)
        const { bytes } = collect(talk.far)
        await settled()
        assert.deepEqual(bytes(), Buffer.from(behind))
      })
    )
  })

  it('are read as they come, also what came before anybody read', async () => {
    const [, far] = await streamPair()
    assert.ok(isReceiver(far))
    far.onData(frame(FIRST))
    const frames = new HandshakeFrames(far)
    assert.deepEqual(Buffer.from((await frames.read()).subarray()), FIRST)
    const second = frames.read()
    for (const byte of frame(SECOND)) {
      await settled()
      far.onData(Uint8Array.of(byte))
    }
    assert.deepEqual(Buffer.from((await second).subarray()), SECOND)
  })

  it('are written with their length before them', async () => {
    const { frames, near } = await reader()
    const { bytes } = collect(near)
    await frames.write(SECOND)
    await settled()
    assert.deepEqual(bytes(), frame(SECOND))
  })

  it('that have arrived are read although the remote has ended, and then no more', async () => {
    const talk = await reader()
    talk.near.send(Buffer.concat([frame(FIRST), frame(SECOND).subarray(0, 100)]))
    await talk.near.close()
    assert.deepEqual(await read(talk), FIRST)
    await assert.rejects(talk.frames.read(), { name: 'UnexpectedEOFError' })
  })

  it('are read when the end of the remote is told ahead of them', async () => {
    const talk = await reader()
    const reading = read(talk)
    talk.far.dispatchEvent(new Event('remoteCloseWrite'))
    talk.far.onData(frame(FIRST))
    assert.deepEqual(await reading, FIRST)
  })

  it('are waited for until the signal aborts', async () => {
    const late = new AbortController()
    const talk = await reader({ signal: late.signal })
    const reading = assert.rejects(talk.frames.read(), { message: 'too late' })
    late.abort(new Error('too late'))
    await reading
    const dead = await reader({ signal: late.signal })
    await assert.rejects(dead.frames.read(), { message: 'too late' })
  })

  it('are not waited for on a connection that is broken or over', async () => {
    const talk = await reader()
    const reading = assert.rejects(talk.frames.read(), { message: 'broken' })
    talk.far.abort(new Error('broken'))
    await reading
    await assert.rejects(new HandshakeFrames(talk.far).read(), { name: 'UnexpectedEOFError' })
  })

  it('that are shorter than a tag are no frames', async () => {
    const talk = await reader()
    talk.far.onData(frame(Buffer.alloc(15)))
    await assert.rejects(talk.frames.read(), /shorter than its tag/)
  })

  it('end the connection when they come drop by drop', async () => {
    const talk = await reader()
    talk.far.onData(Uint8Array.of(255, 255))
    for (let n = 0; n < 1024 && talk.far.status === 'open'; n++) talk.far.onData(Uint8Array.of(n))
    assert.equal(talk.far.status, 'aborted')
  })

  it('end the connection when more comes than any handshake brings', async () => {
    const talk = await reader()
    for (let n = 0; n < 65 && talk.far.status === 'open'; n++) talk.far.onData(Buffer.alloc(65_536))
    assert.equal(talk.far.status, 'aborted')
  })
})
