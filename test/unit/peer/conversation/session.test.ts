// The sending side against a remote written out frame by frame, over an in-memory stream.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UnsupportedProtocolError, type Connection, type Stream } from '@libp2p/interface'
import { streamPair } from '@libp2p/utils'
import { readFrames } from '../../../../peer/conversation/frames.ts'
import { openChat } from '../../../../peer/conversation/handshake.ts'
import { OutgoingLedger } from '../../../../peer/conversation/outgoing-ledger.ts'
import type { Sender } from '../../../../peer/conversation/session.ts'
import { CONVERSATION_TIMING, IN_FLIGHT } from '../../../../peer/conversation/timing.ts'
import { type ChatFrame, decodeChatFrame, encodeChatFrame } from '../../../../shared/wire/chat.ts'

const EPOCH = '00000000000000aa'
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the sender only passes it on
const CONNECTION = { id: 'one' } as Connection
const TIMING = { ...CONVERSATION_TIMING, welcomeTimeoutMs: 150, ackTimeoutMs: 150 }

/** The remote's end of the stream: what came in, as frames, and what it says. */
class Remote {
  readonly stream: Stream
  readonly frames: ChatFrame[] = []
  #more = Promise.withResolvers<void>()

  constructor(stream: Stream) {
    this.stream = stream
    void this.#read()
  }

  say(...frames: ChatFrame[]): void {
    this.stream.send(Buffer.concat(frames.map(encodeChatFrame)))
  }

  async has(count: number): Promise<ChatFrame[]> {
    while (this.frames.length < count) await this.#more.promise
    return this.frames
  }

  async #read(): Promise<void> {
    const limits = {
      maxFrameBytes: 100_000,
      frameTimeoutMs: 1_000,
      signal: AbortSignal.timeout(5_000)
    }
    try {
      for await (const batch of readFrames(this.stream, limits)) {
        this.frames.push(...batch.flatMap(known))
        this.#more.resolve()
        this.#more = Promise.withResolvers()
      }
    } catch {
      // The test looks at the sender.
    }
  }
}

function known(bytes: Uint8Array): ChatFrame[] {
  const frame = decodeChatFrame(bytes)
  return frame instanceof Error || frame.kind === 'unknown' ? [] : [frame]
}

interface Scene {
  remote: Remote
  ledger: OutgoingLedger
  sender: Promise<Sender>
}

async function scene(texts: string[], acknowledged = 0): Promise<Scene> {
  const [ours, theirs] = await streamPair()
  const waiting = texts.map((text) => ({ id: text, sentAtMs: 7, text }))
  const ledger = OutgoingLedger.restore({ epoch: EPOCH, acknowledged, waiting })
  const sender = openChat({
    connection: CONNECTION,
    openStream: async () => ours,
    ledger,
    timing: TIMING,
    signal: new AbortController().signal,
    hello: () => ({
      kind: 'hello',
      epoch: EPOCH,
      name: 'ann',
      rooms: ['r'],
      nextSeq: ledger.acknowledged + 1
    }),
    onAck: (received) => {
      const answer = ledger.acknowledge(received)
      return answer.ok ? undefined : answer.reason
    },
    onStall: () => undefined
  })
  sender.catch(() => undefined)
  return { remote: new Remote(theirs), ledger, sender }
}

const welcome = (received: number): ChatFrame => ({ kind: 'welcome', epoch: EPOCH, received })

const numbers = (frames: ChatFrame[]): number[] =>
  frames.flatMap((frame) => (frame.kind === 'message' ? [frame.seq] : []))

test('nothing but HELLO is sent before WELCOME, and then what the remote does not have', async () => {
  const { remote, ledger, sender } = await scene(['a', 'b', 'c'], 4)
  const [hello] = await remote.has(1)
  assert.deepEqual(hello, { kind: 'hello', epoch: EPOCH, name: 'ann', rooms: ['r'], nextSeq: 5 })
  remote.say(welcome(5))
  const opened = await sender
  assert.equal(ledger.acknowledged, 5)
  assert.equal(remote.frames.length, 1)
  opened.pump()
  const frames = await remote.has(3)
  assert.deepEqual(frames[1], { kind: 'message', seq: 6, id: 'b', sentAtMs: 7, text: 'b' })
  assert.deepEqual(numbers(frames), [6, 7])
  remote.say({ kind: 'ack', received: 7 })
  while (ledger.waiting.length > 0) await new Promise((resolve) => setImmediate(resolve))
  opened.abort(new Error('done'))
})

test('no more is on its way than the window allows', async () => {
  const many = Array.from({ length: IN_FLIGHT.maxMessages + 10 }, (_, index) => `${index}`)
  const { remote, sender } = await scene(many)
  remote.say(welcome(0))
  const opened = await sender
  opened.pump()
  await remote.has(IN_FLIGHT.maxMessages + 1)
  // What must not come has had its chance.
  await new Promise((resolve) => setTimeout(resolve, 50))
  assert.equal(numbers(remote.frames).at(-1), IN_FLIGHT.maxMessages)
  remote.say({ kind: 'ack', received: 10 })
  await remote.has(IN_FLIGHT.maxMessages + 11)
  assert.equal(numbers(remote.frames).at(-1), many.length)
  opened.abort(new Error('done'))
})

test('what another stream got acknowledged meanwhile is not sent', async () => {
  const { remote, ledger, sender } = await scene(['a', 'b', 'c'])
  remote.say(welcome(0))
  const opened = await sender
  ledger.acknowledge(2)
  opened.pump()
  assert.deepEqual(numbers(await remote.has(2)), [3])
  opened.abort(new Error('done'))
})

test('a remote that refuses, speaks out of turn, or says nothing is not welcomed by', async () => {
  const wrong: Array<[ChatFrame | undefined, RegExp]> = [
    [{ kind: 'bye', reason: 'not today' }, /^not today$/u],
    [{ kind: 'ack', received: 0 }, /^ack came before WELCOME$/u],
    [{ kind: 'welcome', epoch: '00000000000000bb', received: 0 }, /another epoch/u],
    [welcome(1), /asks for number 2, acknowledged before/u],
    [welcome(9), /number 9 was acknowledged, but only 5 were ever sent/u],
    [undefined, /timeout/u]
  ]
  for (const [answer, message] of wrong) {
    const { remote, sender } = await scene(['a'], 4)
    if (answer !== undefined) remote.say(answer)
    await assert.rejects(sender, { message })
  }
})

test('a remote that does not speak chat is told apart by its error', async () => {
  const { remote, sender } = await scene(['a'])
  remote.stream.abort(new Error('reset by the test'))
  await assert.rejects(sender, { name: 'StreamResetError' })
  const [ours] = await streamPair()
  const optimistic = openChat({
    connection: CONNECTION,
    openStream: async () => {
      setImmediate(() => ours.abort(new UnsupportedProtocolError('na')))
      return ours
    },
    ledger: new OutgoingLedger(EPOCH),
    timing: TIMING,
    signal: new AbortController().signal,
    hello: () => ({ kind: 'hello', epoch: EPOCH, name: '', rooms: [], nextSeq: 1 }),
    onAck: () => undefined,
    onStall: () => undefined
  })
  await assert.rejects(optimistic, { name: 'UnsupportedProtocolError' })
})

test('a stream on which nothing is acknowledged ends with its reason', async () => {
  const { remote, sender } = await scene(['a'])
  remote.say(welcome(0))
  const opened = await sender
  opened.pump()
  assert.match((await opened.ended)?.message ?? '', /^nothing was acknowledged for/u)
})

test('a stream that has nothing on its way may be silent for longer', async () => {
  const { remote, ledger, sender } = await scene(['a'])
  remote.say(welcome(0))
  const opened = await sender
  opened.pump()
  await remote.has(2)
  remote.say({ kind: 'ack', received: 1 })
  const silence = new Promise<string>((resolve) =>
    setTimeout(() => resolve('silent'), 3 * TIMING.ackTimeoutMs)
  )
  assert.equal(await Promise.race([opened.ended, silence]), 'silent')
  assert.equal(ledger.waiting.length, 0)
  opened.abort(new Error('done'))
})

test('an ack for what was never sent, a garbled frame and a BYE end the stream with their reasons', async () => {
  const ends: Array<[ChatFrame, string]> = [
    [{ kind: 'ack', received: 2 }, 'number 2 was acknowledged, but only 1 were ever sent'],
    [{ kind: 'bye', reason: 'enough' }, 'enough'],
    [welcome(0), 'welcome came instead of an ack']
  ]
  for (const [frame, reason] of ends) {
    const { remote, sender } = await scene(['a'])
    remote.say(welcome(0))
    const opened = await sender
    remote.say(frame)
    assert.equal((await opened.ended)?.message, reason)
  }
})

test('closing waits for the acks of what is on its way, and is no fault', async () => {
  const { remote, ledger, sender } = await scene(['a'])
  remote.say(welcome(0))
  const opened = await sender
  opened.pump()
  await remote.has(2)
  const closed = opened.close(AbortSignal.timeout(5_000))
  remote.say({ kind: 'ack', received: 1 })
  await remote.stream.close()
  await closed
  assert.equal(ledger.waiting.length, 0)
  assert.equal(await opened.ended, undefined)
})
