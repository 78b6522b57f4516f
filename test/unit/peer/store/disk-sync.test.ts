// What is on the disk, and what is said of a disk that does not take it.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DiskSync } from '../../../../peer/store/disk-sync.ts'

/** A log on a disk that fails as long as there are failures. */
function fakeDisk(failures: Error[] = []) {
  const told: unknown[] = []
  let syncs = 0
  const handle = {
    datasync: async (): Promise<void> => {
      syncs++
      const failure = failures.shift()
      if (failure !== undefined) throw failure
    },
    close: async (): Promise<void> => undefined
  }
  const sync = new DiskSync('peer.db-wal', {
    onTrouble: (error) => told.push(error),
    open: async () => handle
  })
  return { sync, told, failures, syncs: () => syncs }
}

test('what was written is synced once, and whoever asks meanwhile shares the next', async () => {
  const { sync, syncs } = fakeDisk()
  assert.equal(await sync.synced(), true)
  assert.equal(await sync.synced(), true)
  assert.equal(syncs(), 1)
  sync.note()
  const first = sync.synced()
  sync.note()
  assert.deepEqual(await Promise.all([first, sync.synced(), sync.synced()]), [true, true, true])
  assert.ok(syncs() <= 3)
})

test('a sync that fails says so, is told once while it lasts, and is tried again', async () => {
  const one = new Error('one')
  const { sync, told, failures } = fakeDisk([one, new Error('two')])
  assert.equal(await sync.synced(), false)
  assert.equal(await sync.synced(), false)
  assert.deepEqual(told, [one])
  assert.equal(await sync.synced(), true)
  sync.note()
  const again = new Error('again')
  failures.push(again)
  const both = await Promise.all([sync.synced(), sync.synced()])
  assert.equal(both[0], false)
  assert.deepEqual(told, [one, again], 'it had worked in between')
  assert.equal(await sync.synced(), true)
})

test('a log that cannot be opened is not synced', async () => {
  const told: unknown[] = []
  const gone = new Error('no such file')
  const open = async () => Promise.reject(gone)
  const sync = new DiskSync('peer.db-wal', { onTrouble: (error) => told.push(error), open })
  assert.equal(await sync.synced(), false)
  assert.deepEqual(told, [gone])
  await sync.close()
})
