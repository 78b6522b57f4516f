// Frames out of whatever pieces the stream brings, and the brake on a remote that is faster than its reader.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { streamPair } from '@libp2p/utils'
import { readFrames } from '../../../../peer/conversation/frames.ts'
import { keepQuiet } from '../../../../peer/conversation/streams.ts'

const LIMITS = { maxFrameBytes: 300, frameTimeoutMs: 1_000, signal: new AbortController().signal }

async function all(batches: AsyncIterable<Uint8Array[]>): Promise<string[]> {
  const frames: string[] = []
  for await (const batch of batches)
    frames.push(...batch.map((bytes) => Buffer.from(bytes).toString()))
  return frames
}

test('frames are put together from single bytes and taken apart from one piece', async () => {
  const bytes = Buffer.concat([
    Buffer.of(2),
    Buffer.from('ab'),
    Buffer.of(0),
    Buffer.of(0xac, 0x02),
    Buffer.alloc(300, 'x')
  ])
  const pieces = [Array.from(bytes, (byte) => Buffer.of(byte)), [bytes]]
  for (const piece of pieces) {
    const [ours, theirs] = await streamPair()
    const reading = all(readFrames(theirs, LIMITS))
    for (const part of piece) ours.send(part)
    await ours.close()
    assert.deepEqual(await reading, ['ab', '', 'x'.repeat(300)])
  }
})

test('a frame over the limit, a length without end and an end within a frame are errors', async () => {
  const failing: Array<[number[], string]> = [
    [[0xad, 0x02], 'a frame is longer than 300 bytes'],
    [[0x80, 0x80, 0x80, 0x80], 'a frame is longer than 300 bytes'],
    [[5, 1, 2], 'the stream ended within a frame']
  ]
  for (const [bytes, message] of failing) {
    const [ours, theirs] = await streamPair()
    const reading = all(readFrames(theirs, LIMITS))
    ours.send(Uint8Array.from(bytes))
    await ours.close()
    await assert.rejects(reading, { name: 'FramingError', message })
  }
})

test('a frame that trickles in is late however often a byte comes', async (t) => {
  const [ours, theirs] = await streamPair({ delay: 0 })
  const reading = all(readFrames(theirs, { ...LIMITS, frameTimeoutMs: 100 }))
  const trickle = setInterval(() => ours.send(Uint8Array.of(100)), 20)
  t.after(() => clearInterval(trickle))
  await assert.rejects(reading, { name: 'TimeoutError' })
})

test('a reset is an error after the frames that came before it', async () => {
  const [ours, theirs] = await streamPair()
  const batches = readFrames(theirs, LIMITS)
  const first = batches.next()
  ours.send(Uint8Array.of(1, 65))
  assert.deepEqual((await first).value, [Uint8Array.of(65)])
  ours.abort(new Error('reset by the test'))
  await assert.rejects(batches.next(), { name: 'StreamResetError' })
})

test('the signal ends the reading with its reason', async () => {
  const [, theirs] = await streamPair()
  const controller = new AbortController()
  const reading = all(readFrames(theirs, { ...LIMITS, signal: controller.signal }))
  controller.abort(new Error('enough'))
  await assert.rejects(reading, { message: 'enough' })
})

test('while nobody takes the frames the stream is paused, and goes on afterwards', async () => {
  const [ours, theirs] = await streamPair()
  keepQuiet(theirs)
  const batches = readFrames(theirs, { ...LIMITS, maxFrameBytes: 100_000 })
  const first = batches.next()
  const frame = Buffer.concat([Buffer.of(0x80, 0x80, 0x04), Buffer.alloc(65_536)])
  ours.send(frame)
  await first
  for (let sent = 0; sent < 10; sent++) ours.send(frame)
  while (theirs.readStatus !== 'paused') await new Promise((resolve) => setImmediate(resolve))
  let read = 1
  while (read < 11) read += (await batches.next()).value?.length ?? 0
  const end = batches.next()
  await new Promise((resolve) => setImmediate(resolve))
  assert.equal(theirs.readStatus, 'readable')
  await ours.close()
  assert.equal((await end).done, true)
})
