// Conversations between real nodes on loopback: order, once, and what happens when connections come and go.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { UserError } from '../../shared/errors.ts'
import { ROOM, Talker } from '../support/talkers.ts'
import { uncaught } from '../support/uncaught.ts'

function numbered(from: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${from} ${index + 1}`)
}

async function pair(): Promise<{ ann: Talker; ben: Talker } & AsyncDisposable> {
  const [ann, ben] = await Promise.all([Talker.start('ann'), Talker.start('ben')])
  return {
    ann,
    ben,
    [Symbol.asyncDispose]: async () =>
      void (await Promise.all([ann, ben].map((each) => each[Symbol.asyncDispose]())))
  }
}

const code =
  (wanted: string) =>
  (error: unknown): boolean =>
    error instanceof UserError && error.code === wanted

test('lines arrive once and in order at both ends, and are told as delivered', async () => {
  await using both = await pair()
  const { ann, ben } = both
  await ann.connect(ben.node)
  ann.conversations.admit(ben.peer)
  const texts = numbered('ann', 100)
  const ids = texts.map((text) => ann.say(text, ben))
  numbered('ben', 100).forEach((text) => ben.say(text, ann))
  await Promise.all(
    [ann, ben].map(({ conversations }) => conversations.delivered(AbortSignal.timeout(10_000)))
  )
  assert.deepEqual(ben.texts, texts)
  assert.deepEqual(ann.texts, numbered('ben', 100))
  assert.deepEqual(
    ann.of('delivered').map(({ id }) => id),
    ids
  )
  const [first] = ben.of('message')
  assert.equal(first?.peer, ann.peer)
  assert.equal(first?.room, ROOM)
  assert.equal(first?.id, ids[0])
  assert(Math.abs(Date.now() - (first?.sentAtMs ?? 0)) < 60_000)
})

test('whoever says HELLO for our room is a member, and is introduced once', async () => {
  await using both = await pair()
  const { ann, ben } = both
  await ann.connect(ben.node)
  ann.conversations.admit(ben.peer)
  await ann.until(() => ann.of('hello').length > 0)
  assert.deepEqual(ann.of('hello'), [{ type: 'hello', peer: ben.peer, name: 'ben', rooms: [ROOM] }])
  assert.deepEqual(ben.of('hello'), [{ type: 'hello', peer: ann.peer, name: 'ann', rooms: [ROOM] }])
  await ben.until(() => ben.of('carrier').length > 0)
  const carrier = ben.conversations.carrier(ann.peer)
  assert.equal(carrier?.direct, true)
  assert.match(carrier.address, new RegExp(`^/ip4/127.0.0.1/tcp/\\d+/p2p/${ann.peer}$`, 'u'))
})

test('somebody of another room is refused, unless the caller wants to talk to it', async () => {
  await using ann = await Talker.start('ann')
  await using eve = await Talker.start('eve', { room: 'cellar' })
  await eve.connect(ann.node)
  const id = eve.say('psst', ann)
  await assert.rejects(eve.conversations.delivered(AbortSignal.timeout(300)))
  assert.equal(ann.events.length, 0)
  ann.conversations.admit(eve.peer)
  await eve.conversations.delivered(AbortSignal.timeout(10_000))
  assert.deepEqual(ann.texts, ['psst'])
  assert.equal(eve.of('delivered')[0]?.id, id)
})

test('what is said before there is a connection waits for it', async () => {
  await using both = await pair()
  const { ann, ben } = both
  ann.say('early', ben)
  assert.equal(ann.conversations.undelivered(ben.peer), 1)
  await ben.connect(ann.node)
  await ann.conversations.delivered(AbortSignal.timeout(10_000))
  assert.deepEqual(ben.texts, ['early'])
  assert.equal(ann.conversations.undelivered(ben.peer), 0)
})

test('a move to a younger connection and the abrupt end of the older one lose and double nothing', async () => {
  await using both = await pair()
  const { ann, ben } = both
  const first = await ann.connect(ben.node)
  ann.conversations.admit(ben.peer)
  await Promise.all([ann, ben].map((each) => each.until(() => each.of('carrier').length > 0)))
  const talk = async (from: Talker, to: Talker, name: string): Promise<void> => {
    for (const text of numbered(name, 200)) {
      from.say(text, to)
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
  const talking = Promise.all([talk(ann, ben, 'ann'), talk(ben, ann, 'ben')])
  await ben.until(() => ben.texts.length > 20)
  const second = await ann.connect(ben.node)
  await ann.until(() => ann.conversations.carrier(ben.peer)?.connectionId === second.id)
  first.abort(new Error('the cable was pulled'))
  await talking
  await Promise.all(
    [ann, ben].map(({ conversations }) => conversations.delivered(AbortSignal.timeout(10_000)))
  )
  assert.deepEqual(ben.texts, numbered('ann', 200))
  assert.deepEqual(ann.texts, numbered('ben', 200))
  assert.deepEqual(
    ann.of('carrier').map(({ reason }) => reason),
    ['a direct connection carries it', 'a younger direct connection opened']
  )
})

test('when the connection in use dies the conversation goes on on the next best at once', async () => {
  await using both = await pair()
  const { ann, ben } = both
  const first = await ann.connect(ben.node)
  ann.conversations.admit(ben.peer)
  const second = await ann.connect(ben.node)
  await ann.until(() => ann.conversations.carrier(ben.peer)?.connectionId === second.id)
  numbered('ann', 50).forEach((text) => ann.say(text, ben))
  second.abort(new Error('the cable was pulled'))
  await ann.conversations.delivered(AbortSignal.timeout(10_000))
  assert.deepEqual(ben.texts, numbered('ann', 50))
  assert.equal(ann.conversations.carrier(ben.peer)?.connectionId, first.id)
  first.abort(new Error('this one too'))
  await ann.until(() => ann.of('carrier').at(-1)?.carrier === undefined)
  ann.say('later', ben)
  await ben.connect(ann.node)
  await ann.conversations.delivered(AbortSignal.timeout(10_000))
  assert.equal(ben.texts.at(-1), 'later')
})

test('a stream that is reset again and again loses and doubles nothing', async () => {
  await using both = await pair()
  const { ann, ben } = both
  const connection = await ann.connect(ben.node)
  ann.conversations.admit(ben.peer)
  const texts = numbered('ann', 120)
  for (const [index, text] of texts.entries()) {
    ann.say(text, ben)
    if (index % 40 !== 20) continue
    await ben.until(() => ben.texts.length >= index - 10)
    for (const { streams } of ben.node.getConnections()) {
      for (const stream of streams) stream.abort(new Error('reset by the test'))
    }
  }
  await ann.conversations.delivered(AbortSignal.timeout(10_000))
  assert.deepEqual(ben.texts, texts)
  assert.equal(connection.status, 'open')
})

test('a peer that stops says BYE; started anew it is introduced anew and gets what waited', async () => {
  await using ann = await Talker.start('ann')
  const privateKey = await generateKeyPair('Ed25519')
  const ben = await Talker.start('ben', { network: { privateKey } })
  await ann.connect(ben.node)
  ann.conversations.admit(ben.peer)
  await ann.until(() => ann.of('hello').length === 1)
  ann.say('one', ben)
  await ann.conversations.delivered(AbortSignal.timeout(10_000))
  await ben.conversations[Symbol.asyncDispose]()
  await ann.until(() => ann.of('bye').length === 1)
  assert.deepEqual(ann.of('bye'), [{ type: 'bye', peer: ben.peer, reason: 'the peer stops' }])
  assert.equal(ann.conversations.carrier(ben.peer), undefined)
  await ben[Symbol.asyncDispose]()
  ann.say('two', ben)
  await using again = await Talker.start('ben', { network: { privateKey } })
  await again.connect(ann.node)
  again.say('back', ann)
  await Promise.all(
    [ann, again].map(({ conversations }) => conversations.delivered(AbortSignal.timeout(10_000)))
  )
  assert.deepEqual(ben.texts, ['one'])
  assert.deepEqual(again.texts, ['two'])
  assert.deepEqual(ann.texts, ['back'])
  assert.equal(ann.of('hello').length, 2)
})

test('an empty text and one over 64 KiB are refused with a sentence, 64 KiB are delivered', async () => {
  await using both = await pair()
  const { ann, ben } = both
  assert.throws(() => ann.say('', ben), code('empty-message'))
  assert.throws(() => ann.say('x'.repeat(65_537), ben), code('message-too-long'))
  await ann.connect(ben.node)
  ann.say('é'.repeat(32_768), ben)
  await ann.conversations.delivered(AbortSignal.timeout(10_000))
  assert.equal(ben.texts[0], 'é'.repeat(32_768))
})

test('what waits for a peer that was dismissed is told, and delivered when it is met again', async () => {
  await using both = await pair()
  const { ann, ben } = both
  ann.say('are you there?', ben)
  await ann.conversations.dismiss(ben.peer, 'left the room')
  assert.deepEqual(ann.of('waiting'), [{ type: 'waiting', peer: ben.peer, messages: 1 }])
  await ann.conversations.delivered(AbortSignal.timeout(1000))
  await ann.connect(ben.node)
  ann.conversations.admit(ben.peer)
  await ann.until(() => ann.of('delivered').length === 1)
  assert.deepEqual(ben.texts, ['are you there?'])
})

test('what was said in another room is shown with its name, in its place', async () => {
  await using both = await pair()
  const { ann, ben } = both
  await ann.connect(ben.node)
  const to = [ben.peer]
  for (const room of ['garden', ROOM]) ann.conversations.send({ text: room, to, room })
  ann.conversations.send({ text: 'aside', to })
  await ann.conversations.delivered(AbortSignal.timeout(10_000))
  assert.deepEqual(
    ben.of('message').map(({ room, text }) => [room, text]),
    [
      ['garden', 'garden'],
      [ROOM, ROOM],
      [undefined, 'aside']
    ]
  )
})

test('a program whose listener throws hears of it, and the conversation goes on', async (t) => {
  const thrown = uncaught(t)
  await using both = await pair()
  const { ann, ben } = both
  for (const { conversations } of [ann, ben]) {
    conversations.subscribe(({ type }) => {
      throw new Error(`a bug at ${type}`)
    })
  }
  await ann.connect(ben.node)
  ann.say('one', ben)
  await ann.until(() => ann.of('delivered').length === 1)
  ann.say('two', ben)
  await ann.until(() => ann.of('delivered').length === 2)
  assert.deepEqual(ben.texts, ['one', 'two'])
  assert.ok(thrown.some((error) => String(error).includes('a bug at sent')))
  assert.ok(thrown.some((error) => String(error).includes('a bug at message')))
})
