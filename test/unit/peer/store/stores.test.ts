// What every store promises: the one in a file also after it was closed, the one in memory while it lives.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { setImmediate as endOfTurn } from 'node:timers/promises'
import { MemoryStore } from '../../../../peer/store/memory-store.ts'
import { openStore } from '../../../../peer/store/sqlite-store.ts'
import type { Change, Store } from '../../../../peer/store/store.ts'
import { scratchFolder } from '../../../support/scratch.ts'
import { uncaught } from '../../../support/uncaught.ts'

interface Kept {
  store: Store
  /** As after a restart of the process, where that keeps anything. */
  reopen: () => Promise<Store>
}

const KINDS: Record<string, (test: TestContext) => Kept> = {
  'a store in memory': () => {
    const store = new MemoryStore()
    return { store, reopen: async () => store }
  },
  'a store in a file': (test) => {
    const file = join(scratchFolder(test), 'peer.db')
    const open = (): Store => openStore(file, { onTrouble: ({ message }) => assert.fail(message) })
    let store = open()
    test.after(async () => store[Symbol.asyncDispose]())
    return {
      store,
      reopen: async () => {
        await store[Symbol.asyncDispose]()
        store = open()
        return store
      }
    }
  }
}

const say = (id: string, to: Array<[peer: string, seq: number]>, room = 'kitchen'): Change => ({
  kind: 'sent',
  name: 'ann',
  message: { id, room, sentAtMs: Date.now(), text: `text of ${id}` },
  to: to.map(([peer, seq]) => ({ peer, epoch: `epoch of ${peer}`, seq }))
})

const unmet = (id: string, seq: number, onWire: number): Change => ({
  kind: 'sent',
  name: 'ann',
  message: { id, sentAtMs: Date.now(), text: id },
  to: [{ peer: 'bob', epoch: '01', seq, onWire }]
})

async function write(store: Store, ...changes: Change[]): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    store.write(changes, (error) => (error === undefined ? resolve() : reject(error)))
  })
  await store.synced()
}

const waiting = (store: Store, peer: string): string[] =>
  store.outgoing(peer)?.waiting.map(({ id }) => id) ?? []

for (const [kind, make] of Object.entries(KINDS)) {
  describe(kind, () => {
    it('keeps what waits for each peer, in order, until it is acknowledged', async (test) => {
      const { store, reopen } = make(test)
      assert.equal(store.outgoing('bob'), undefined)
      await write(
        store,
        say('a', [['bob', 1]]),
        say('b', [
          ['bob', 2],
          ['cyd', 1]
        ])
      )
      await write(store, { kind: 'acknowledged', peer: 'bob', received: 1, atMs: 5 })
      const again = await reopen()
      assert.deepEqual(waiting(again, 'bob'), ['b'])
      assert.deepEqual(waiting(again, 'cyd'), ['b'])
      const { epoch, acknowledged } = again.outgoing('bob') ?? assert.fail()
      assert.deepEqual([epoch, acknowledged], ['epoch of bob', 1])
      assert.equal(again.outgoing('bob')?.waiting[0]?.text, 'text of b')
    })

    it('goes on counting when everything was acknowledged', async (test) => {
      const { store, reopen } = make(test)
      await write(store, say('a', [['bob', 1]]))
      await write(store, { kind: 'acknowledged', peer: 'bob', received: 1, atMs: 5 })
      const again = await reopen()
      await write(again, say('b', [['bob', 2]]))
      assert.equal(again.outgoing('bob')?.acknowledged, 1)
      assert.deepEqual(waiting(again, 'bob'), ['b'])
    })

    it('forgets what was given up, and numbers what waits anew', async (test) => {
      const { store, reopen } = make(test)
      await write(store, say('a', [['bob', 1]]), say('b', [['bob', 2]]), say('c', [['bob', 3]]))
      await write(store, { kind: 'gaveUp', peer: 'bob', seq: 1 })
      await write(store, { kind: 'renumbered', peer: 'bob', epoch: 'other', acknowledged: 1 })
      await write(store, { kind: 'acknowledged', peer: 'bob', received: 1, atMs: 5 })
      const again = await reopen()
      const { epoch, acknowledged } = again.outgoing('bob') ?? assert.fail()
      assert.deepEqual([epoch, acknowledged, waiting(again, 'bob')], ['other', 1, ['c']])
      const to = again.history({ limit: 9 }).map((line) => line.to[0]?.deliveredAtMs)
      assert.deepEqual(to, [undefined, 5, undefined])
    })

    it('keeps which numbers were given out without meeting the peer, until it is met', async (test) => {
      const { store, reopen } = make(test)
      await write(store, say('a', [['bob', 1]]))
      await write(store, unmet('b', 2, 1))
      // The next run knows what that one has kept, or might have written more: what was kept first counts.
      await write(await reopen(), unmet('c', 3, 2))
      assert.equal((await reopen()).outgoing('bob')?.onWire, 1)
      const met = await reopen()
      await write(met, { kind: 'gaveUp', peer: 'bob', seq: 1 })
      assert.equal(met.outgoing('bob')?.onWire, 1)
      await write(met, { kind: 'acknowledged', peer: 'bob', received: 1, atMs: 5 })
      assert.equal((await reopen()).outgoing('bob')?.onWire, undefined)
    })

    it('numbers anew what the ledger has waiting, also when an acknowledgement could not be kept', async (test) => {
      const { store, reopen } = make(test)
      await write(store, say('a', [['bob', 1]]), say('b', [['bob', 2]]))
      await write(store, { kind: 'renumbered', peer: 'bob', epoch: 'other', acknowledged: 1 })
      await write(store, { kind: 'acknowledged', peer: 'bob', received: 1, atMs: 5 })
      assert.deepEqual(waiting(await reopen(), 'bob'), [])
    })

    it('knows what a peer has said by its id, and not what another has', async (test) => {
      const { store, reopen } = make(test)
      const messages = [{ id: 'x', sentAtMs: 1, text: 'hi' }]
      await write(
        store,
        { kind: 'received', peer: 'bob', messages, atMs: Date.now() },
        say('y', [])
      )
      const again = await reopen()
      assert.deepEqual(
        [again.has('bob', 'x'), again.has('cyd', 'x'), again.has('bob', 'y')],
        [true, false, false]
      )
    })

    it('keeps how far each sender is', async (test) => {
      const { store, reopen } = make(test)
      const books = { epoch: '02', received: 7, past: ['00', '01'] }
      const message = { id: 'x', sentAtMs: 1, text: 'hi' }
      assert.equal(store.incoming('bob'), undefined)
      await write(store, { kind: 'received', peer: 'bob', books, messages: [message], atMs: 2 })
      assert.deepEqual((await reopen()).incoming('bob'), books)
    })

    it('tells what was said, oldest first, the last lines, of one room or of all', async (test) => {
      const { store, reopen } = make(test)
      const heard = { id: 'h', room: 'kitchen', sentAtMs: 1, text: 'heard' }
      const aside = { id: 'p', sentAtMs: 2, text: 'psst' }
      await write(store, say('a', [['bob', 1]]), say('b', [], 'cellar'))
      const messages = [heard, aside]
      await write(store, { kind: 'received', peer: 'bob', name: 'Bob', messages, atMs: 2 })
      const again = await reopen()
      const ids = (query: { room?: string; limit: number }): string[] =>
        again.history(query).map(({ id }) => id)
      assert.deepEqual(ids({ room: 'kitchen', limit: 9 }), ['a', 'h'])
      assert.deepEqual(ids({ room: 'kitchen', limit: 1 }), ['h'])
      assert.deepEqual(ids({ limit: 9 }), ['a', 'b', 'h', 'p'])
      const [first, , third] = again.history({ limit: 9 })
      assert.deepEqual([first?.peer, first?.name, first?.to], [undefined, 'ann', [{ peer: 'bob' }]])
      assert.deepEqual(third, { ...heard, peer: 'bob', name: 'Bob', to: [] })
    })

    it('goes on when who is told that something is kept throws', async (test) => {
      const thrown = uncaught(test)
      const { store } = make(test)
      const told: string[] = []
      store.write([say('a', [])], () => {
        throw new Error('a bug of the program')
      })
      store.write([say('b', [])], () => told.push('b'))
      store.flush()
      store.write([say('c', [])], () => told.push('c'))
      await endOfTurn()
      assert.deepEqual(told, ['b', 'c'])
      assert.equal(thrown.length, 1)
    })

    it('tells in order when writes are kept, and loses none when it is closed at once', async (test) => {
      const { store, reopen } = make(test)
      const done: number[] = []
      store.write([say('a', [['bob', 1]])], () => done.push(1))
      store.write([say('b', [['bob', 2]])], () => done.push(2))
      const again = await reopen()
      assert.deepEqual(done, [1, 2])
      assert.deepEqual(waiting(again, 'bob'), ['a', 'b'])
    })
  })
}
