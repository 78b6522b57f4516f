// The database file: what is wrong with it is one sentence, nothing is overwritten, and limits are kept.
import assert from 'node:assert/strict'
import {
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
  writeSync
} from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { it, type TestContext } from 'node:test'
import { readHistoryFile } from '../../../../peer/store/history-file.ts'
import { APPLICATION_ID, MIGRATIONS, STATEMENTS } from '../../../../peer/store/schema.ts'
import { openStore } from '../../../../peer/store/sqlite-store.ts'
import { type Change, MAX_WAITING_MS, type Store } from '../../../../peer/store/store.ts'
import { UserError } from '../../../../shared/errors.ts'
import { start } from '../../../support/program.ts'
import { scratchFolder } from '../../../support/scratch.ts'
import { EXCUSED } from '../../../support/left-out.ts'

const DAY_MS = 24 * 3_600_000

interface Trouble {
  code: string
  message: string
}

function open(file: string, troubles: Trouble[] = [], now = Date.now): Store {
  return openStore(file, { onTrouble: (trouble) => void troubles.push(trouble), now })
}

const said = (id: string, seq?: number, sentAtMs = Date.now(), peer = 'bob'): Change => ({
  kind: 'sent',
  name: 'ann',
  message: { id, room: 'kitchen', sentAtMs, text: 'x'.repeat(200) },
  to: seq === undefined ? [] : [{ peer, epoch: '01', seq }]
})

async function write(store: Store, ...changes: Change[]): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    store.write(changes, (error) => (error === undefined ? resolve() : reject(error)))
  })
}

/** A database with 200 messages, closed. */
async function filled(test: TestContext): Promise<string> {
  const file = join(scratchFolder(test), 'peer.db')
  await using store = open(file)
  await write(store, ...Array.from({ length: 200 }, (_, index) => said(`m${index}`, index + 1)))
  return file
}

const code = (wanted: string) => (error: unknown) =>
  error instanceof UserError && error.code === wanted && !/\n| at /.test(error.message)

const WAYS_TO_DAMAGE: Record<string, [at: number, bytes: string]> = {
  'its head is overwritten': [0, 'this was a database once'],
  'a page in the middle is overwritten': [4096 * 3, 'garbage'.repeat(500)]
}

for (const [what, [at, bytes]] of Object.entries(WAYS_TO_DAMAGE)) {
  it(`a database is set aside when ${what}, and a new one is begun`, async (test) => {
    const file = await filled(test)
    writeSync(openSync(file, 'r+'), bytes, at)
    const damaged = readFileSync(file)
    writeFileSync(`${file}-wal`, 'log')
    const troubles: Trouble[] = []
    await using store = open(file, troubles)
    const [aside] = readdirSync(join(file, '..')).filter((name) =>
      /^peer\.db\.corrupt-\d{8}T\d{9}Z$/.test(name)
    )
    assert.ok(aside)
    assert.deepEqual(readFileSync(join(file, '..', aside)), damaged)
    assert.equal(readFileSync(join(file, '..', `${aside}-wal`), 'utf8'), 'log')
    assert.equal(troubles[0]?.code, 'store-corrupt')
    assert.match(troubles[0].message, /was damaged: it is kept as .*corrupt-/)
    await write(store, said('new', 1))
    assert.deepEqual(
      store.outgoing('bob')?.waiting.map(({ id }) => id),
      ['new']
    )
  })
}

it('a database of the first version is brought up to date, with everything in it', async (test) => {
  const file = join(scratchFolder(test), 'peer.db')
  const database = new DatabaseSync(file)
  database.exec(
    `${MIGRATIONS[0]}; PRAGMA user_version = 1; PRAGMA application_id = ${APPLICATION_ID}`
  )
  database.exec(`
    INSERT INTO outgoing VALUES ('bob', '01', 4);
    INSERT INTO incoming VALUES ('bob', '02', 7, '00 01', 5);
    INSERT INTO message VALUES (1, 'waits', NULL, 'ann', 'kitchen', 1, 1, 'to bob');
    INSERT INTO delivery VALUES (1, 'bob', 5, NULL);
    INSERT INTO message VALUES (2, 'heard', 'bob', 'Bob', 'kitchen', 2, 2, 'from bob');
    INSERT INTO message VALUES (3, 'heard', 'bob', 'Bob', 'kitchen', 3, 3, 'an id used twice');`)
  database.close()
  await using store = open(file, [], () => DAY_MS)
  const message = { id: 'waits', room: 'kitchen', sentAtMs: 1, text: 'to bob' }
  assert.deepEqual(store.outgoing('bob'), { epoch: '01', acknowledged: 4, waiting: [message] })
  assert.deepEqual(store.incoming('bob'), { epoch: '02', received: 7, past: ['00', '01'] })
  const texts = store.history({ limit: 9 }).map(({ text }) => text)
  assert.deepEqual(texts, ['to bob', 'from bob', 'an id used twice'])
  assert.deepEqual(
    [store.has('bob', 'heard'), store.has('bob', 'waits'), store.has('cyd', 'heard')],
    [true, false, false]
  )
})

it('a message is looked up by its peer and id in an index, however long the history is', (test) => {
  const file = join(scratchFolder(test), 'peer.db')
  void open(file)
  const database = new DatabaseSync(file)
  const [plan] = database.prepare(`EXPLAIN QUERY PLAN ${STATEMENTS.has}`).all('bob', 'heard')
  assert.match(String(plan?.['detail']), /USING COVERING INDEX message_by_id \(peer=\? AND id=\?\)/)
  database.close()
})

it('a database of a newer version is refused and kept', async (test) => {
  const file = await filled(test)
  const database = new DatabaseSync(file)
  database.exec('PRAGMA user_version = 99')
  database.close()
  const before = readFileSync(file)
  assert.throws(() => open(file), code('store-newer'))
  assert.throws(() => readHistoryFile(file, { limit: 1 }), code('store-newer'))
  assert.deepEqual(readFileSync(file), before)
})

it('a database of another program is refused and kept', (test) => {
  const file = join(scratchFolder(test), 'peer.db')
  const database = new DatabaseSync(file)
  database.exec('CREATE TABLE precious (a)')
  database.close()
  assert.throws(() => open(file), code('store-foreign'))
  const again = new DatabaseSync(file)
  assert.equal(again.prepare('SELECT count(*) AS n FROM precious').get()?.['n'], 0)
  again.close()
})

it('who only wants to read is told what to do about a file that cannot be read', async (test) => {
  const file = await filled(test)
  writeSync(openSync(file, 'r+'), 'this was a database once', 0)
  const before = readFileSync(file)
  assert.throws(
    () => readHistoryFile(file, { limit: 1 }),
    /^UserError: what was said cannot be read from .*: it is damaged, so start a chat: it sets/
  )
  assert.deepEqual(readFileSync(file), before)
  const folder = scratchFolder(test)
  assert.throws(
    () => readHistoryFile(folder, { limit: 1 }),
    /what was said cannot be read from .*: it is a folder/
  )
})

it('a folder in its place, or a folder that cannot be made, is one sentence', (test) => {
  const folder = scratchFolder(test)
  mkdirSync(join(folder, 'peer.db'))
  assert.throws(() => open(join(folder, 'peer.db')), /messages cannot be kept in .*peer\.db/)
  writeFileSync(join(folder, 'file'), '')
  assert.throws(() => open(join(folder, 'file', 'peer.db')), /messages cannot be kept in /)
})

it(
  'only its owner can read it and its log',
  { skip: process.platform === 'win32' && EXCUSED.windows },
  async (test) => {
    const file = join(scratchFolder(test), 'deep', 'peer.db')
    await using store = open(file)
    await write(store, said('a'))
    for (const name of [file, `${file}-wal`]) assert.equal(statSync(name).mode & 0o777, 0o600, name)
  }
)

it('another program that reads meanwhile stops nothing, and sees what is committed', async (test) => {
  const file = await filled(test)
  await using store = open(file)
  await write(store, said('last'))
  assert.equal(readHistoryFile(file, { limit: 1 })[0]?.id, 'last')
  assert.deepEqual(readHistoryFile(join(file, '..', 'none.db'), { limit: 1 }), [])
})

it('what waited for 30 days is given up and told; the numbers go on behind it', async (test) => {
  const file = join(scratchFolder(test), 'peer.db')
  const longAgo = Date.now() - MAX_WAITING_MS - DAY_MS
  {
    await using store = open(file)
    await write(store, said('old', 1, longAgo), said('new', 2))
  }
  const troubles: Trouble[] = []
  await using store = open(file, troubles)
  const { acknowledged, waiting } = store.outgoing('bob') ?? assert.fail()
  assert.deepEqual([acknowledged, waiting.map(({ id }) => id)], [1, ['new']])
  assert.deepEqual(troubles, [
    { code: 'expired', message: 'a message to bob waited for 30 days and will not be delivered' }
  ])
})

it('what a wrong clock dated back does not give up what was said before it', async (test) => {
  const file = join(scratchFolder(test), 'peer.db')
  const longAgo = Date.now() - MAX_WAITING_MS - DAY_MS
  {
    await using store = open(file)
    await write(store, said('old', 1, longAgo), said('new', 2), said('dated back', 3, 1))
    await write(store, said('to cid', 1, 2, 'cid'))
    await write(store, said('newest', 4))
  }
  await using store = open(file)
  const waiting = (peer: string) => store.outgoing(peer)?.waiting.map(({ id }) => id)
  assert.deepEqual(waiting('bob'), ['new', 'dated back', 'newest'])
  assert.deepEqual(waiting('cid'), ['to cid'])
})

it('what is older than a year is dropped from the history, unless it still waits', async (test) => {
  const file = join(scratchFolder(test), 'peer.db')
  const now = Date.now()
  {
    await using store = open(file)
    await write(
      store,
      said('old', undefined, now - 366 * DAY_MS),
      said('older', 1, now),
      said('new')
    )
  }
  await using store = open(file, [], () => now + 1)
  assert.deepEqual(
    store.history({ limit: 9 }).map(({ id }) => id),
    ['older', 'new']
  )
})

it('a process that is killed has kept everything that it told of', async (test) => {
  const file = join(scratchFolder(test), 'peer.db')
  const program = start(test, ['test/support/writing-program.ts', file])
  await program.shows('stdout', /"kept":5/)
  program.child.kill('SIGKILL')
  await program.ended()
  const kept = Number(/.*"kept":(\d+)/s.exec(program.stdout)?.[1])
  await using store = open(file)
  const seqs = store.outgoing('bob')?.waiting.map(({ id }) => id) ?? []
  assert.ok(seqs.length >= kept, `${seqs.length} of ${kept}`)
  assert.deepEqual(
    seqs,
    Array.from(seqs, (_, index) => `m${index + 1}`)
  )
  assert.equal(program.stderr, '', 'no warning reaches the user')
})
