// Conversations on a store that fails, comes back, or is older than what the other side remembers.
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { MemoryStore } from '../../peer/store/memory-store.ts'
import type { Change } from '../../peer/store/store.ts'
import { UserError } from '../../shared/errors.ts'
import { Talker } from '../support/talkers.ts'

class MoodyStore extends MemoryStore {
  full = false

  override write(changes: readonly Change[], done: (error?: Error) => void): void {
    if (!this.full) super.write(changes, done)
    else queueMicrotask(() => done(new UserError('store-full', 'the disk is full')))
  }
}

it('what cannot be stored is not sent, says so, and leaves no gap behind it', async () => {
  const store = new MoodyStore()
  await using ann = await Talker.start('ann', { store })
  await using ben = await Talker.start('ben')
  await ann.connect(ben.node)
  ann.say('one', ben)
  store.full = true
  const lost = [ann.say('lost', ben), ann.say('lost too', ben)]
  await ann.until(() => ann.of('unsent').length === 2)
  assert.deepEqual(
    ann.of('unsent'),
    lost.map((id) => ({ type: 'unsent', id, to: [ben.peer], reason: 'the disk is full' }))
  )
  assert.equal(ann.of('trouble').length, 1, 'told once while it lasts')
  store.full = false
  ann.say('two', ben)
  await ann.conversations.delivered(AbortSignal.timeout(10_000))
  assert.deepEqual(ben.texts, ['one', 'two'])
})

it('what the receiver cannot store is neither shown nor acknowledged, and arrives once when it can', async () => {
  const store = new MoodyStore()
  store.full = true
  await using ann = await Talker.start('ann')
  await using ben = await Talker.start('ben', { store })
  await ann.connect(ben.node)
  ann.say('one', ben)
  ann.say('two', ben)
  await ben.until(() => ben.of('trouble').length === 1)
  assert.deepEqual(ben.texts, [])
  assert.equal(ann.conversations.undelivered(ben.peer), 2)
  store.full = false
  await ann.conversations.delivered(AbortSignal.timeout(10_000))
  assert.deepEqual(ben.texts, ['one', 'two'])
})

it('a sender whose books were lost or restored from an older copy goes on, and is heard', async () => {
  const privateKey = await generateKeyPair('Ed25519')
  const network = { privateKey }
  await using ben = await Talker.start('ben')
  const peer = privateKey.publicKey.toString()
  const older = new MemoryStore()
  const message = { id: 'old', room: 'kitchen', sentAtMs: 0, text: 'from the copy' }
  {
    const store = new MemoryStore()
    await using ann = await Talker.start('ann', { store, network })
    await ann.connect(ben.node)
    for (const text of ['one', 'two', 'three']) ann.say(text, ben)
    await ann.conversations.delivered(AbortSignal.timeout(10_000))
    const { epoch } = store.outgoing(ben.peer) ?? assert.fail()
    const to = [{ peer: ben.peer, epoch, seq: 1 }]
    older.write([{ kind: 'sent', name: 'ann', message, to }], () => undefined)
  }
  assert.equal(older.outgoing(ben.peer)?.waiting.length, 1)
  await using ann = await Talker.start('ann', { store: older, network })
  await ann.connect(ben.node)
  ann.say('four', ben)
  await ann.conversations.delivered(AbortSignal.timeout(10_000))
  assert.deepEqual(ben.texts, ['one', 'two', 'three', 'from the copy', 'four'])
  assert.equal(ben.of('message').at(-1)?.peer, peer)
})

it('what is said while nobody knows that the books are an older copy is not taken for what was sent before', async () => {
  const network = { privateKey: await generateKeyPair('Ed25519') }
  await using ben = await Talker.start('ben')
  const older = new MemoryStore()
  {
    const store = new MemoryStore()
    await using ann = await Talker.start('ann', { store, network })
    await ann.connect(ben.node)
    for (const text of ['one', 'two', 'three']) ann.say(text, ben)
    await ann.conversations.delivered(AbortSignal.timeout(10_000))
    const { epoch } = store.outgoing(ben.peer) ?? assert.fail()
    const message = { id: 'one', room: 'kitchen', sentAtMs: 0, text: 'one' }
    const to = [{ peer: ben.peer, epoch, seq: 1 }]
    older.write([{ kind: 'sent', name: 'ann', message, to }], () => undefined)
    older.write([{ kind: 'acknowledged', peer: ben.peer, received: 1, atMs: 0 }], () => undefined)
  }
  await using ann = await Talker.start('ann', { store: older, network })
  const said = ['four', 'five', 'six', 'seven']
  for (const text of said) ann.say(text, ben)
  await ann.until(() => ann.of('sent').length === said.length)
  await ann.connect(ben.node)
  await ann.conversations.delivered(AbortSignal.timeout(10_000))
  assert.deepEqual(ben.texts, ['one', 'two', 'three', ...said])
})
