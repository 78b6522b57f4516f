// A sender whose books are older than its conversation: a power failure took back what it had sent, or a backup was
// restored. What it says now is not taken for what it said then, and nothing is shown twice.
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { MemoryStore } from '../../peer/store/memory-store.ts'
import { ROOM, Talker } from '../support/talkers.ts'

/** What a peer kept before it said more: an outbox whose first lines have arrived in the meantime. */
function olderBooks(peer: string, epoch: string, ids: readonly string[]): MemoryStore {
  const store = new MemoryStore()
  for (const [index, id] of ids.entries()) {
    const message = { id, room: ROOM, sentAtMs: 0, text: `line ${index + 1}` }
    const to = [{ peer, epoch, seq: index + 1 }]
    store.write([{ kind: 'sent', name: 'ann', message, to }], () => undefined)
  }
  return store
}

it('what is said before the peer is met again, over several runs, arrives once, as does what waited', async () => {
  const network = { privateKey: await generateKeyPair('Ed25519') }
  await using ben = await Talker.start('ben')
  const store = new MemoryStore()
  const ids: string[] = []
  {
    await using ann = await Talker.start('ann', { store, network })
    await ann.connect(ben.node)
    for (let line = 1; line <= 4; line++) ids.push(ann.say(`line ${line}`, ben))
    await ann.conversations.delivered(AbortSignal.timeout(10_000))
  }
  const { epoch } = store.outgoing(ben.peer) ?? assert.fail()
  const older = olderBooks(ben.peer, epoch, ids.slice(0, 2))
  for (const text of ['line 5', 'line 6']) {
    // As many as ben knows already, by number, once the second run is over.
    await using ann = await Talker.start('ann', { store: older, network })
    ann.say(text, ben)
    await ann.until(() => ann.of('sent').length === 1)
  }
  await using ann = await Talker.start('ann', { store: older, network })
  await ann.connect(ben.node)
  ann.say('line 7', ben)
  await ann.conversations.delivered(AbortSignal.timeout(10_000))
  const lines = Array.from({ length: 7 }, (_, index) => `line ${index + 1}`)
  assert.deepEqual(ben.texts, lines)
  assert.notEqual(older.outgoing(ben.peer)?.epoch, epoch)

  // The same copy once more: its epoch has been replaced at ben's in the meantime.
  const again = olderBooks(ben.peer, epoch, ids.slice(0, 2))
  await using secondAnn = await Talker.start('ann', { store: again, network })
  await secondAnn.connect(ben.node)
  secondAnn.say('line 8', ben)
  await secondAnn.conversations.delivered(AbortSignal.timeout(10_000))
  assert.deepEqual(ben.texts, [...lines, 'line 8'])
})

it('an id that somebody else has used does not keep a line from being shown', async () => {
  const network = { privateKey: await generateKeyPair('Ed25519') }
  await using ben = await Talker.start('ben')
  {
    await using cyd = await Talker.start('cyd', {
      store: olderBooks(ben.peer, 'aa'.repeat(8), ['id'])
    })
    await cyd.connect(ben.node)
    cyd.conversations.admit(ben.peer)
    await ben.until(() => ben.texts.length === 1)
  }
  const runs = { '0b': 'other', '0c': 'id', '0d': 'id' }
  for (const [epoch, id] of Object.entries(runs)) {
    const store = olderBooks(ben.peer, epoch.repeat(8), [id])
    await using ann = await Talker.start('ann', { store, network })
    await ann.connect(ben.node)
    ann.conversations.admit(ben.peer)
    await ann.until(() => ann.of('delivered').length === 1)
  }
  const heard = ben
    .of('message')
    .map(({ peer, id }) => [peer === network.privateKey.publicKey.toString(), id])
  assert.deepEqual(heard, [
    [false, 'id'],
    [true, 'other'],
    [true, 'id']
  ])
})
