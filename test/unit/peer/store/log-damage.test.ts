// The log that a killed process leaves: what SQLite would silently drop of it is noticed and kept.
import assert from 'node:assert/strict'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync
} from 'node:fs'
import { dirname, join } from 'node:path'
import { it, type TestContext } from 'node:test'
import { isLogDamaged } from '../../../../peer/store/log-damage.ts'
import { openStore } from '../../../../peer/store/sqlite-store.ts'
import type { Store } from '../../../../peer/store/store.ts'
import { scratchFolder } from '../../../support/scratch.ts'

const MESSAGES = 200

const say = (store: Store, seq: number, text = 'x'.repeat(200)): void => {
  const message = { id: `m${seq}`, room: 'kitchen', sentAtMs: Date.now(), text }
  const to = [{ peer: 'bob', epoch: '01', seq }]
  store.write([{ kind: 'sent', name: 'ann', message, to }], (error) => assert.ifError(error))
}

/** A database with a log as a kill leaves them: copied while the store is open, one transaction a message. */
async function killed(test: TestContext, messages = MESSAGES): Promise<string> {
  const folder = scratchFolder(test)
  const file = join(folder, 'open', 'peer.db')
  const copy = join(folder, 'killed', 'peer.db')
  await using store = openStore(file, { onTrouble: ({ message }) => assert.fail(message) })
  for (let seq = 1; seq <= messages; seq++) {
    say(store, seq)
    await store.synced()
  }
  mkdirSync(dirname(copy))
  for (const suffix of ['', '-wal']) copyFileSync(file + suffix, copy + suffix)
  return copy
}

const changed = (log: Buffer, at: number, bytes = 1): Buffer => {
  const copy = Buffer.from(log)
  copy.fill((log[at] ?? 0) ^ 0x55, at, at + bytes)
  return copy
}

const waiting = (store: Store): string[] => store.outgoing('bob')?.waiting.map(({ id }) => id) ?? []

const asides = (file: string): string[] =>
  readdirSync(dirname(file)).filter((name) => name.includes('.corrupt-'))

it('a log that is whole, cut off anywhere, or has rounds behind it is sound', async (test) => {
  const file = await killed(test)
  const log = readFileSync(`${file}-wal`)
  for (let bytes = 0; bytes <= log.byteLength; bytes += 9973) {
    assert.equal(isLogDamaged(log.subarray(0, bytes)), false, `${bytes} bytes`)
  }
  const zeros = Buffer.concat([log, Buffer.alloc(20_000)])
  assert.equal(isLogDamaged(zeros), false, 'space that was never written to')
})

it('a log that was taken over and begun anew is sound', async (test) => {
  const file = join(scratchFolder(test), 'peer.db')
  await using store = openStore(file, { onTrouble: ({ message }) => assert.fail(message) })
  for (let seq = 1; seq <= 300; seq++) {
    say(store, seq, 'x'.repeat(30_000))
    await store.synced()
    if (seq % 20 === 0) assert.equal(isLogDamaged(readFileSync(`${file}-wal`)), false)
  }
  assert.ok(readFileSync(`${file}-wal`).readUInt32BE(12) > 0, 'it was begun anew')
})

it('one wrong byte is damage wherever something that was committed follows', async (test) => {
  const log = readFileSync(`${await killed(test)}-wal`)
  for (let at = 0; at < log.byteLength - 2 * 4120; at += 9973) {
    assert.equal(isLogDamaged(changed(log, at)), true, `byte ${at}`)
  }
  assert.equal(isLogDamaged(changed(log, 32 + 4120 * 3, 100_000)), true)
})

it('a damaged log is kept with its database, told of, and what can be read of it is used', async (test) => {
  const file = await killed(test)
  const log = changed(readFileSync(`${file}-wal`), 400_000, 5_000)
  writeFileSync(`${file}-wal`, log)
  const database = readFileSync(file)
  const troubles: string[] = []
  {
    await using store = openStore(file, { onTrouble: ({ code }) => void troubles.push(code) })
    const kept = waiting(store)
    assert.ok(kept.length > 0 && kept.length < MESSAGES, `${kept.length} of ${MESSAGES}`)
    assert.deepEqual(
      kept,
      Array.from(kept, (_, index) => `m${index + 1}`)
    )
  }
  assert.deepEqual(troubles, ['store-corrupt'])
  const [first, second, ...more] = asides(file).map((name) => join(dirname(file), name))
  assert.ok(first !== undefined && second === `${first}-wal` && more.length === 0)
  assert.deepEqual(readFileSync(first), database)
  assert.deepEqual(readFileSync(second), log)
})

it('a log without its database is set aside, not removed', async (test) => {
  for (const leave of [
    (file: string) => writeFileSync(file, ''),
    (file: string) => assert.ok(!existsSync(file))
  ]) {
    const from = await killed(test, 3)
    const log = readFileSync(`${from}-wal`)
    const file = join(dirname(from), 'other.db')
    writeFileSync(`${file}-wal`, log)
    leave(file)
    const troubles: string[] = []
    await using store = openStore(file, { onTrouble: ({ code }) => void troubles.push(code) })
    assert.deepEqual([troubles, waiting(store)], [['store-corrupt'], []])
    const aside = asides(file).find((name) => name.endsWith('-wal')) ?? assert.fail()
    assert.deepEqual(readFileSync(join(dirname(file), aside)), log)
  }
})
