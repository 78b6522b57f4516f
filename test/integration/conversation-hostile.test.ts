// Conversations with peers that send garbage, floods, or nothing at all: refused with a reason, bounded,
// and nobody else notices.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Connection, Libp2p, Stream } from '@libp2p/interface'
import {
  CHAT_PROTOCOL,
  type ChatFrame,
  ChatFormatError,
  decodeChatFrame,
  encodeChatFrame
} from '../../shared/wire/chat.ts'
import { readFrames } from '../../peer/conversation/frames.ts'
import { CONVERSATION_TIMING, MAX_INBOUND_CHAT_STREAMS } from '../../peer/conversation/timing.ts'
import { ROOM, startNode, Talker } from '../support/talkers.ts'

const QUICK = {
  ...CONVERSATION_TIMING,
  welcomeTimeoutMs: 200,
  frameTimeoutMs: 200,
  ackTimeoutMs: 200,
  slowestBytesPerMs: 1_000_000,
  byeTimeoutMs: 200
}

const HELLO: ChatFrame = {
  kind: 'hello',
  epoch: '0000000000000001',
  name: 'mal',
  rooms: [ROOM],
  nextSeq: 1
}

function line(seq: number, text = `line ${seq}`): ChatFrame {
  return { kind: 'message', seq, id: `id-${seq}`, room: ROOM, sentAtMs: 1, text }
}

/** A peer that speaks in raw bytes, beside an honest pair. */
class Scene implements AsyncDisposable {
  readonly ann: Talker
  readonly ben: Talker
  readonly mal: Libp2p
  readonly connection: Connection

  static async open(): Promise<Scene> {
    const [ann, ben, mal] = await Promise.all([
      Talker.start('ann', { timing: QUICK }),
      Talker.start('ben'),
      startNode()
    ])
    await ann.connect(ben.node)
    ann.conversations.admit(ben.peer)
    return new Scene(ann, ben, mal, await mal.dial(ann.node.getMultiaddrs()))
  }

  constructor(ann: Talker, ben: Talker, mal: Libp2p, connection: Connection) {
    this.ann = ann
    this.ben = ben
    this.mal = mal
    this.connection = connection
  }

  async stream(...frames: ChatFrame[]): Promise<Stream> {
    const stream = await this.connection.newStream(CHAT_PROTOCOL)
    for (const frame of frames) stream.send(encodeChatFrame(frame))
    return stream
  }

  /** The honest pair talks as ever. */
  async othersTalk(): Promise<void> {
    const before = this.ben.texts.length
    this.ann.say('hello ben', this.ben)
    await this.ben.until(() => this.ben.texts.length > before)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([
      this.ann[Symbol.asyncDispose](),
      this.ben[Symbol.asyncDispose](),
      this.mal.stop()
    ])
  }
}

/** What comes back on a stream until it ends, in words. */
async function answers(stream: Stream): Promise<string[]> {
  const words: string[] = []
  const limits = {
    maxFrameBytes: 100_000,
    frameTimeoutMs: 5_000,
    signal: AbortSignal.timeout(5_000)
  }
  try {
    for await (const frames of readFrames(stream, limits)) {
      for (const bytes of frames) words.push(inWords(bytes))
    }
    return [...words, 'end']
  } catch (error) {
    return [...words, error instanceof Error ? error.name : 'unknown']
  }
}

function inWords(bytes: Uint8Array): string {
  const frame = decodeChatFrame(bytes)
  if (frame instanceof ChatFormatError) return frame.message
  if (frame.kind === 'bye') return `bye: ${frame.reason}`
  return 'received' in frame ? `${frame.kind} ${frame.received}` : frame.kind
}

test('what is no HELLO, broken, or out of turn is answered with its reason and a reset', async () => {
  await using scene = await Scene.open()
  const replies = async (...frames: ChatFrame[]): Promise<string[]> =>
    answers(await scene.stream(...frames))
  assert.deepEqual(await replies(line(1)), ['bye: message is not expected', 'StreamResetError'])
  assert.deepEqual(await replies({ kind: 'ack', received: 1 }), [
    'bye: ack is not expected',
    'StreamResetError'
  ])
  assert.deepEqual(await replies(HELLO, HELLO), [
    'welcome 0',
    'bye: HELLO came twice',
    'StreamResetError'
  ])
  assert.deepEqual(await replies(HELLO, line(1), line(3)), [
    'welcome 0',
    'bye: number 3 came where 2 was expected',
    'StreamResetError'
  ])
  const garbage = await scene.stream()
  garbage.send(Uint8Array.of(3, 0x0a, 0x01, 0x12))
  assert.deepEqual(await answers(garbage), ['bye: hello is truncated', 'StreamResetError'])
  const oversized = await scene.stream()
  oversized.send(Uint8Array.of(0xff, 0xff, 0xff, 0x7f))
  assert.deepEqual(await answers(oversized), [
    'bye: a frame is longer than 73728 bytes',
    'StreamResetError'
  ])
  assert.deepEqual(scene.ann.texts, ['line 1'])
  await scene.othersTalk()
})

test('what was delivered is not shown again, by whichever stream it comes', async () => {
  await using scene = await Scene.open()
  const one = await scene.stream(HELLO, line(1), line(2))
  await scene.ann.until(() => scene.ann.texts.length === 2)
  const two = await scene.stream({ ...HELLO, nextSeq: 1 }, line(1), line(2), line(3))
  await scene.ann.until(() => scene.ann.texts.length === 3)
  one.send(encodeChatFrame(line(3)))
  one.send(encodeChatFrame(line(4)))
  await scene.ann.until(() => scene.ann.texts.length === 4)
  assert.deepEqual(scene.ann.texts, ['line 1', 'line 2', 'line 3', 'line 4'])
  await Promise.all([one.close(), two.close()])
})

test('an epoch that was replaced does not come back: its sender learns of the younger one', async () => {
  await using scene = await Scene.open()
  const old = await scene.stream(HELLO, line(1))
  await scene.ann.until(() => scene.ann.texts.length === 1)
  const anew = { ...line(1, 'anew'), id: 'id of anew' }
  await scene.stream({ ...HELLO, epoch: '0000000000000002' }, anew)
  await scene.ann.until(() => scene.ann.texts.length === 2)
  old.send(encodeChatFrame(line(2)))
  assert.match(
    (await answers(old)).at(-2) ?? '',
    /^bye: epoch 0000000000000001 is not the current one$/u
  )
  const replay = await answers(await scene.stream(HELLO, line(2, 'replayed')))
  assert.match(replay.at(-2) ?? '', /^bye: epoch 0000000000000001 is not the current one$/u)
  assert.deepEqual(scene.ann.texts, ['line 1', 'anew'])
})

test('a stream that says nothing, or stops within a frame, is ended', async () => {
  await using scene = await Scene.open()
  const silent = await scene.stream()
  silent.send(Uint8Array.of())
  assert.deepEqual(await answers(silent), ['bye: HELLO did not come in time', 'StreamResetError'])
  const halfway = await scene.stream(HELLO)
  halfway.send(encodeChatFrame(line(1)).subarray(0, 5))
  assert.deepEqual(await answers(halfway), [
    'welcome 0',
    'bye: a frame did not arrive in time',
    'StreamResetError'
  ])
})

test('a quiet stream between whole frames is not ended, and frames of a later version are passed over', async () => {
  await using scene = await Scene.open()
  const stream = await scene.stream(HELLO)
  await new Promise((resolve) => setTimeout(resolve, 2 * QUICK.frameTimeoutMs))
  stream.send(Uint8Array.of(4, 0x32, 0x02, 0x08, 0x05))
  stream.send(encodeChatFrame(line(1)))
  await scene.ann.until(() => scene.ann.texts.length === 1)
  assert.equal(stream.status, 'open')
})

test('more streams at once than a move needs are refused', async () => {
  await using scene = await Scene.open()
  const many = await Promise.allSettled(
    Array.from({ length: 3 * MAX_INBOUND_CHAT_STREAMS }, () => scene.stream(HELLO))
  )
  assert(many.length > 0)
  const inbound = (): number =>
    scene.ann.node
      .getConnections(scene.mal.peerId)
      .flatMap(({ streams }) => streams)
      .filter(({ protocol, direction }) => protocol === CHAT_PROTOCOL && direction === 'inbound')
      .length
  assert(inbound() <= MAX_INBOUND_CHAT_STREAMS, `${inbound()} streams`)
  await scene.othersTalk()
})

test('a peer that never acknowledges fills its own window and nothing else', async () => {
  await using scene = await Scene.open()
  const welcome: ChatFrame = { kind: 'welcome', epoch: '', received: 0 }
  const streams: Stream[] = []
  await scene.mal.handle(CHAT_PROTOCOL, async (stream) => {
    streams.push(stream)
    for await (const [first] of readFrames(stream, {
      maxFrameBytes: 100_000,
      frameTimeoutMs: 5_000,
      signal: AbortSignal.timeout(20_000)
    })) {
      const hello = first && decodeChatFrame(first)
      if (hello && !(hello instanceof Error) && hello.kind === 'hello') {
        stream.send(encodeChatFrame({ ...welcome, epoch: hello.epoch }))
      }
    }
  })
  const mal = scene.mal.peerId.toString()
  scene.ann.conversations.admit(mal)
  const text = 'x'.repeat(60_000)
  let refused: string | undefined
  for (let sent = 0; refused === undefined && sent < 1_000; sent++) {
    refused = scene.ann.conversations.send({ text, to: [mal] }).refused[0]?.reason
  }
  assert.equal(refused, '8388608 bytes are waiting for this peer already')
  // The stream that brings no acks is given up and opened anew, at growing intervals.
  await scene.ann.until(() => scene.ann.conversations.carrier(mal) !== undefined)
  const deadline = AbortSignal.timeout(10_000)
  while (streams.length < 3)
    await new Promise((resolve) => setImmediate(resolve, deadline.throwIfAborted()))
  await scene.othersTalk()
})

test('acks for what was never sent end the stream and settle nothing', async () => {
  await using scene = await Scene.open()
  const seen: string[] = []
  await scene.mal.handle(CHAT_PROTOCOL, async (stream) => {
    const limits = {
      maxFrameBytes: 100_000,
      frameTimeoutMs: 5_000,
      signal: AbortSignal.timeout(20_000)
    }
    try {
      for await (const [first] of readFrames(stream, limits)) {
        const hello = first && decodeChatFrame(first)
        if (!hello || hello instanceof Error || hello.kind !== 'hello') continue
        stream.send(encodeChatFrame({ kind: 'welcome', epoch: hello.epoch, received: 99 }))
      }
      seen.push('end')
    } catch (error) {
      seen.push(error instanceof Error ? error.name : 'unknown')
    }
  })
  const mal = scene.mal.peerId.toString()
  scene.ann.conversations.send({ text: 'x', to: [mal] })
  const deadline = AbortSignal.timeout(10_000)
  while (seen.length < 2)
    await new Promise((resolve) => setImmediate(resolve, deadline.throwIfAborted()))
  assert.equal(seen[0], 'StreamResetError')
  assert.equal(scene.ann.conversations.undelivered(mal), 1)
  assert.equal(scene.ann.of('delivered').length, 0)
  await scene.othersTalk()
})

test('others are served while one floods', async () => {
  await using scene = await Scene.open()
  const stream = await scene.stream(HELLO)
  let seq = 0
  const flood = setInterval(() => {
    for (
      let burst = 0;
      burst < 50 && stream.status === 'open' && !stream.writableNeedsDrain;
      burst++
    ) {
      stream.send(encodeChatFrame(line(++seq, 'x'.repeat(1000))))
    }
  }, 1)
  try {
    await scene.ann.until(() => scene.ann.texts.length > 2_000)
    await scene.othersTalk()
  } finally {
    clearInterval(flood)
  }
})
