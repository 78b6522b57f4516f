// The receiving ends of the conversation against whatever a remote may write: each stream ends with a reason or goes
// on, nothing is shown twice or out of order, and nothing is thrown. fast-check prints seed and path of a failure.
import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { Stream } from '@libp2p/interface'
import { streamPair } from '@libp2p/utils'
import * as fc from 'fast-check'
import { FramingError, readFrames } from '../../../../peer/conversation/frames.ts'
import { serveChat } from '../../../../peer/conversation/inbound.ts'
import { receivePlain } from '../../../../peer/conversation/plain.ts'
import { Reception } from '../../../../peer/conversation/reception.ts'
import { CONVERSATION_TIMING } from '../../../../peer/conversation/timing.ts'
import {
  CHAT_LIMITS,
  type ChatFrame,
  type ChatMessage,
  decodeChatFrame,
  encodeChatFrame
} from '../../../../shared/wire/chat.ts'
import { encodeMsg, MAX_MSG_BYTES } from '../../../../shared/wire/msg.ts'
import { CHAT_FRAME, HELLO_FRAME, MESSAGE_FRAME } from '../../../support/chat-frames.ts'
import { anyBytes, inPieces } from '../../../support/mutations.ts'

const LIMITS = {
  maxFrameBytes: CHAT_LIMITS.maxFrameBytes,
  frameTimeoutMs: 5_000,
  signal: new AbortController().signal
}
const CUTS = fc.array(fc.nat(), { maxLength: 12 })

/** Everything that comes on the stream, and the error at its end. */
async function readAll(stream: Stream): Promise<{ frames: Uint8Array[]; error?: unknown }> {
  const frames: Uint8Array[] = []
  try {
    for await (const batch of readFrames(stream, LIMITS))
      frames.push(...batch.map((bytes) => Uint8Array.from(bytes)))
    return { frames }
  } catch (error) {
    return { frames, error }
  }
}

async function write(stream: Stream, pieces: Uint8Array[]): Promise<void> {
  for (const piece of pieces) {
    if (stream.status !== 'open' || stream.writeStatus !== 'writable') return
    stream.send(piece)
    // The reader sees some of the pieces alone.
    if (piece.byteLength % 2 === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  if (stream.status === 'open') await stream.close().catch(() => undefined) // reset meanwhile
}

const known = (bytes: Uint8Array): ChatFrame => {
  const frame = decodeChatFrame(bytes)
  assert.ok(!(frame instanceof Error) && frame.kind !== 'unknown', 'we write what we can read')
  return frame
}

it('frames come out of any pieces as they went in, as far as they came', async () => {
  const frames = fc.array(CHAT_FRAME, { maxLength: 8 })
  await fc.assert(
    fc.asyncProperty(frames, CUTS, fc.option(fc.nat()), async (sent, cuts, cut) => {
      const framed = sent.map(encodeChatFrame)
      const whole = Buffer.concat(framed)
      const end = cut === null ? whole.byteLength : cut % (whole.byteLength + 1)
      const [ours, theirs] = await streamPair()
      const reading = readAll(theirs)
      await write(ours, inPieces(whole.subarray(0, end), cuts))
      const read = await reading
      let arrived = 0
      let bytes = 0
      while (arrived < framed.length && bytes + (framed[arrived]?.byteLength ?? 0) <= end)
        bytes += framed[arrived++]?.byteLength ?? 0
      assert.deepEqual(read.frames.map(known), sent.slice(0, arrived))
      if (bytes === end) assert.equal(read.error, undefined)
      else assert.ok(read.error instanceof FramingError, String(read.error))
    }),
    { numRuns: 1_000 }
  )
})

/** Numbers near those that are expected, so that some of it is accepted. */
const PLAUSIBLE = fc.tuple(MESSAGE_FRAME, fc.integer({ min: 1, max: 4 }))
const EPOCHS = ['0000000000000001', '0000000000000002']
const FRAME = fc.oneof(
  { arbitrary: PLAUSIBLE.map(([frame, seq]) => ({ ...frame, seq })), weight: 5 },
  {
    arbitrary: fc
      .tuple(HELLO_FRAME, fc.constantFrom(...EPOCHS), fc.integer({ min: 1, max: 3 }))
      .map(([frame, epoch, nextSeq]) => ({ ...frame, epoch, nextSeq })),
    weight: 1
  },
  { arbitrary: CHAT_FRAME, weight: 1 }
)
const HELLO: ChatFrame = {
  kind: 'hello',
  epoch: '0000000000000001',
  name: 'mal',
  rooms: ['kitchen'],
  nextSeq: 1
}
const SAMPLES = [HELLO, ...fc.sample(CHAT_FRAME, { numRuns: 20, seed: 7 })].map(encodeChatFrame)
const FRAMES_OR_NONSENSE = fc
  .array(fc.oneof({ arbitrary: FRAME.map(encodeChatFrame), weight: 6 }, anyBytes(SAMPLES)), {
    maxLength: 10
  })
  .map((parts) => Buffer.concat([encodeChatFrame(HELLO), ...parts]))

interface Shown {
  epoch: string
  seq: number
}

/** One stream of a remote against the books that it shares with its other streams. */
async function serve(
  bytes: Uint8Array,
  cuts: readonly number[],
  reception: Reception,
  shown: Shown[]
): Promise<{ answers: ChatFrame[]; error: Error | undefined }> {
  const [ours, theirs] = await streamPair()
  const accept = async (epoch: string, messages: ChatMessage[]) =>
    reception.accept(epoch, messages, async (fresh) => {
      await new Promise((resolve) => setImmediate(resolve))
      shown.push(...fresh.map(({ seq }) => ({ epoch, seq })))
    })
  const reading = readAll(ours)
  const served = serveChat(theirs, {
    timing: CONVERSATION_TIMING,
    signal: LIMITS.signal,
    hello: ({ epoch, nextSeq }) => reception.ledger.begin(epoch, nextSeq),
    accept,
    synced: async () => undefined,
    bye: () => undefined
  })
  await write(ours, inPieces(bytes, cuts))
  const error = await served
  const { frames } = await reading
  return { answers: frames.map(known), error }
}

function checkAnswers(answers: ChatFrame[], error: Error | undefined): void {
  const [welcome, ...rest] = answers
  assert.ok(welcome === undefined || welcome.kind !== 'ack', 'WELCOME comes before any ACK')
  const acks = rest.flatMap((frame) => (frame.kind === 'ack' ? [frame.received] : []))
  assert.deepEqual(
    acks,
    acks.toSorted((one, other) => one - other)
  )
  const byes = answers.filter(({ kind }) => kind === 'bye')
  assert.equal(byes.length, error === undefined ? 0 : 1, String(error))
  if (error === undefined) return
  const [bye] = byes
  assert.ok(bye === answers.at(-1) && bye?.kind === 'bye' && bye.reason !== undefined)
  assert.doesNotMatch(error.name, /^(?:Type|Range|Reference|Assertion)Error$/)
}

it('any frames and any nonsense end a stream with a reason, or it goes on', async () => {
  const script = fc.array(fc.tuple(FRAMES_OR_NONSENSE, CUTS), { minLength: 1, maxLength: 3 })
  await fc.assert(
    fc.asyncProperty(script, async (streams) => {
      const reception = new Reception()
      const shown: Shown[] = []
      const all = await Promise.all(
        streams.map(async ([bytes, cuts]) => serve(bytes, cuts, reception, shown))
      )
      for (const { answers, error } of all) checkAnswers(answers, error)
      for (const theirs of Map.groupBy(shown, ({ epoch }) => epoch).values()) {
        const numbers = theirs.map(({ seq }) => seq)
        assert.deepEqual(
          numbers,
          [...new Set(numbers)].toSorted((one, other) => one - other)
        )
      }
    }),
    // Shrinking so much takes longer than a test may; seed and case are printed all the same.
    { numRuns: 800, endOnFailure: true }
  )
})

it('any bytes of a plain message are a text within its limit, or the stream is reset', async () => {
  const valid = ['hello', '世界', 'x'.repeat(MAX_MSG_BYTES)].map((text) => {
    const framed = encodeMsg(text)
    return framed instanceof Error ? assert.fail() : framed
  })
  await fc.assert(
    fc.asyncProperty(anyBytes(valid), CUTS, async (bytes, cuts) => {
      const [ours, theirs] = await streamPair()
      const kept: string[] = []
      const received = receivePlain(theirs, {
        timeoutMs: 5_000,
        signal: LIMITS.signal,
        turnMs: () => 0,
        keep: async (text) => void kept.push(text)
      })
      await write(ours, inPieces(bytes, cuts))
      const error = await received
      assert.ok(kept.length <= 1)
      assert.ok(Buffer.byteLength(kept[0] ?? '') <= MAX_MSG_BYTES)
      if (error !== undefined) {
        assert.deepEqual(kept, [])
        assert.doesNotMatch(error.name, /^(?:Type|Range|Reference)Error$/)
      }
    }),
    { numRuns: 1_000 }
  )
})
