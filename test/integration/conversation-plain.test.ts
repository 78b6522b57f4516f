// Conversations with peers of the seed system, which speak only `/p2p/msg/1.0.0`; and what a quiet stream is set to.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Libp2p, Stream } from '@libp2p/interface'
import { CHAT_PROTOCOL } from '../../shared/wire/chat.ts'
import { MSG_PROTOCOL } from '../../shared/wire/msg.ts'
import { startNode, Talker } from '../support/talkers.ts'

async function readAll(stream: Stream): Promise<string> {
  const chunks: Uint8Array[] = []
  for await (const chunk of stream) chunks.push(chunk.subarray())
  return Buffer.concat(chunks).toString()
}

/** A node that reads as the seed's program does: the bytes of one stream, then it closes its side. */
async function startSeed(received: string[], options: { reset?: boolean } = {}): Promise<Libp2p> {
  const node = await startNode()
  await node.handle(MSG_PROTOCOL, async (stream) => {
    received.push(await readAll(stream))
    if (options.reset === true) stream.abort(new Error('dropped'))
    else await stream.close()
  })
  return node
}

function stopping(node: Libp2p): Libp2p & AsyncDisposable {
  return Object.assign(node, { [Symbol.asyncDispose]: async () => node.stop() })
}

test('a peer that does not speak chat gets each text on its own stream, in order', async () => {
  await using ann = await Talker.start('ann')
  const received: string[] = []
  await using seed = stopping(await startSeed(received))
  await ann.connect(seed)
  const texts = Array.from({ length: 30 }, (_, index) => `text ${index}`)
  const ids = texts.map((text) => ann.say(text, seed))
  await ann.conversations.delivered(AbortSignal.timeout(10_000))
  assert.deepEqual(
    received,
    texts.map((text) => `${String.fromCharCode(text.length)}${text}`)
  )
  assert.deepEqual(
    ann.of('delivered').map(({ id }) => id),
    ids
  )
})

test('a text over 2,048 bytes is refused for such a peer, before and after that is known', async () => {
  await using ann = await Talker.start('ann')
  const received: string[] = []
  await using seed = stopping(await startSeed(received))
  const reason = 'this peer speaks only /p2p/msg/1.0.0, which takes at most 2048 bytes'
  const early = ann.say('x'.repeat(2_049), seed)
  ann.say('y', seed)
  await ann.connect(seed)
  await ann.conversations.delivered(AbortSignal.timeout(10_000))
  const peer = seed.peerId.toString()
  assert.deepEqual(ann.of('refused'), [{ type: 'refused', id: early, peer, reason }])
  const late = ann.conversations.send({ text: 'x'.repeat(2_049), to: [peer] })
  assert.deepEqual(late.refused, [{ peer, reason }])
  assert.deepEqual(received, ['\u0001y'])
})

test('a stream that such a peer drops after reading it was delivered all the same', async () => {
  await using ann = await Talker.start('ann')
  const received: string[] = []
  await using seed = stopping(await startSeed(received, { reset: true }))
  await ann.connect(seed)
  for (const text of ['a', 'b', 'c']) ann.say(text, seed)
  await ann.conversations.delivered(AbortSignal.timeout(10_000))
  assert.deepEqual(received, ['\u0001a', '\u0001b', '\u0001c'])
})

test('texts go on in order, one at a time, when the conversation moves between connections', async () => {
  await using ann = await Talker.start('ann')
  const received: string[] = []
  await using seed = stopping(await startSeed(received))
  const first = await ann.connect(seed)
  const texts = Array.from({ length: 60 }, (_, index) => `text ${index + 10}`)
  for (const text of texts) ann.say(text, seed)
  await ann.until(() => ann.of('delivered').length > 10)
  const second = await ann.connect(seed)
  await ann.until(
    () => ann.conversations.carrier(seed.peerId.toString())?.connectionId === second.id
  )
  const moved = ann.of('delivered').length
  await ann.until(() => ann.of('delivered').length > moved + 2)
  await first.close()
  await ann.conversations.delivered(AbortSignal.timeout(10_000))
  assert.deepEqual(
    received,
    texts.map((text) => `\u0007${text}`)
  )
})

test('a plain message that comes in is shown; one too long, empty or not UTF-8 is not', async () => {
  await using ann = await Talker.start('ann')
  await using seed = stopping(await startNode())
  ann.conversations.admit(seed.peerId.toString())
  const connection = await seed.dial(ann.node.getMultiaddrs())
  const write = async (...bytes: number[]): Promise<void> => {
    const stream = await connection.newStream(MSG_PROTOCOL)
    stream.send(Uint8Array.from(bytes))
    await stream.close()
  }
  await write(0)
  await write(0x81, 0x10)
  await write(1, 0xff)
  await write(4, 49, 49, 49, 49)
  await ann.until(() => ann.texts.length > 0)
  const [message] = ann.of('message')
  assert.deepEqual(ann.texts, ['1111'])
  assert.equal(message?.peer, seed.peerId.toString())
  assert.equal(message.room, undefined)
  assert.match(message.id, /^[0-9a-f-]{36}$/u)
})

/** Resolves with how the stream ended: its state or the name of its error when it was reset, else nothing. */
async function plainFrom(node: Libp2p, to: Talker, text: string): Promise<string | undefined> {
  const [connection = await node.dial(to.node.getMultiaddrs())] = node.getConnections()
  const stream = await connection.newStream(MSG_PROTOCOL)
  const { promise, resolve } = Promise.withResolvers<string | undefined>()
  if (stream.status !== 'open') return stream.status
  stream.addEventListener('message', () => undefined)
  stream.addEventListener('close', ({ error }) => resolve(error?.name))
  try {
    stream.send(Uint8Array.from([text.length, ...Buffer.from(text)]))
    await stream.close()
  } catch {
    // Reset: told by the event.
  }
  return promise
}

test('plain messages of strangers are refused, also of those that were dismissed', async () => {
  await using ann = await Talker.start('ann')
  await using seed = stopping(await startNode())
  const peer = seed.peerId.toString()
  assert.match((await plainFrom(seed, ann, 'stranger')) ?? '', /reset/iv)
  ann.conversations.admit(peer)
  assert.equal(await plainFrom(seed, ann, 'member'), undefined)
  await ann.conversations.dismiss(peer, 'it left')
  assert.match((await plainFrom(seed, ann, 'gone')) ?? '', /reset/iv)
  assert.deepEqual(ann.texts, ['member'])
})

test('plain messages beyond what anybody types wait for their turn, and none is lost', async () => {
  await using ann = await Talker.start('ann')
  await using seed = stopping(await startNode())
  ann.conversations.admit(seed.peerId.toString())
  const texts = Array.from({ length: 75 }, (_, index) => `text ${index}`)
  const startedAtMs = performance.now()
  for (const text of texts) assert.equal(await plainFrom(seed, ann, text), undefined)
  assert.deepEqual(ann.texts, texts)
  const takenMs = performance.now() - startedAtMs
  assert.ok(takenMs >= 480, `50 at once and 25 at 20 ms each, but they took ${takenMs} ms`)
})

test('a peer whose chat was not ready yet is spoken to in chat as soon as it says HELLO', async () => {
  await using ann = await Talker.start('ann')
  await using ben = await Talker.start('ben')
  await ben.node.unhandle([CHAT_PROTOCOL, MSG_PROTOCOL])
  await ben.node.handle(MSG_PROTOCOL, async (stream) => {
    await readAll(stream)
    await stream.close()
  })
  await ann.connect(ben.node)
  ann.say('plain', ben)
  await ann.conversations.delivered(AbortSignal.timeout(10_000))
  await ben.conversations[Symbol.asyncDispose]()
  await using again = await ben.restart()
  again.admit(ann.peer)
  await ann.until(() => ann.of('hello').length > 0)
  const { id } = ann.conversations.send({ text: 'x'.repeat(3_000), to: [ben.peer] })
  await ann.conversations.delivered(AbortSignal.timeout(10_000))
  assert.equal(ann.of('refused').length, 0)
  assert.equal(ann.of('delivered').at(-1)?.id, id)
  assert.deepEqual(
    ben.texts.map(({ length }) => length),
    [3_000]
  )
})

test('streams of a conversation are never cut for being quiet', async () => {
  await using ann = await Talker.start('ann')
  await using ben = await Talker.start('ben')
  await ann.connect(ben.node)
  ann.conversations.admit(ben.peer)
  await Promise.all([ann, ben].map((each) => each.until(() => each.of('carrier').length > 0)))
  const streams = [ann, ben]
    .flatMap(({ node }) => node.getConnections())
    .flatMap((connection) => connection.streams)
    .filter(({ protocol }) => protocol === CHAT_PROTOCOL)
  assert.equal(streams.length, 4)
  for (const { inactivityTimeout } of streams) assert.equal(inactivityTimeout, 2 ** 31 - 1)
})
