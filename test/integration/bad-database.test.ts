// A database that cannot be used, as its user meets it: one sentence and exit code 1, or the chat goes on and says
// where the damaged one is kept; the file is as it was.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync, chownSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, it, type TestContext } from 'node:test'
import { openStore } from '../../peer/store/sqlite-store.ts'
import { loadOrCreateIdentity } from '../../shared/identity.ts'
import { ROOT, type RunningProgram, start } from '../support/program.ts'
import { relayScene } from '../support/relay-scene.ts'
import { asRoot, scratchFolder } from '../support/scratch.ts'
import { EXCUSED } from '../support/left-out.ts'

const NOBODY = 65534
const AS_NOBODY = [`--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups', process.execPath]
/** Modes say nothing to root: then the program runs as somebody else. */
const canBeOrdinary =
  !asRoot ||
  spawnSync('setpriv', [...AS_NOBODY, 'peer/main.ts', '--version'], { cwd: ROOT }).status === 0
const NO_RELAY = '/ip4/127.0.0.1/tcp/1/p2p/12D3KooWEHUQf4tPKh6TeSX5WdAhMP5xmtLXQDAeWrfUW8TLKvvv'

/** A state folder with a key and a database in which one line was said. */
async function home(test: TestContext): Promise<{ folder: string; file: string }> {
  const folder = join(scratchFolder(test), 'home')
  mkdirSync(folder)
  await loadOrCreateIdentity(join(folder, 'peer.key'))
  const file = join(folder, 'peer.db')
  await using store = openStore(file, { onTrouble: ({ message }) => assert.fail(message) })
  const message = { id: 'one', room: 'kitchen', sentAtMs: 1, text: 'hello there' }
  store.write([{ kind: 'sent', name: 'ann', message, to: [] }], (error) => assert.ifError(error))
  return { folder, file }
}

function parley(
  test: TestContext,
  folder: string,
  command: string,
  more: string[] = []
): RunningProgram {
  return start(test, ['peer/main.ts', command, 'kitchen', ...more], {
    env: { PARLEY_HOME: folder },
    input: '/history\n'
  })
}

function ordinary(test: TestContext, folder: string, args: string[]): RunningProgram {
  const options = { env: { PARLEY_HOME: folder }, input: '' }
  if (!asRoot) return start(test, ['peer/main.ts', ...args], options)
  return start(test, [...AS_NOBODY, 'peer/main.ts', ...args], { ...options, node: 'setpriv' })
}

const chatTo = (relay: string): string[] => [
  '--relay',
  relay,
  '--listen',
  '/ip4/127.0.0.1/tcp/0',
  '--name',
  'ann'
]

async function refused(program: RunningProgram, sentence: RegExp): Promise<void> {
  assert.equal(await program.ended(), 1)
  assert.match(program.stderr, sentence)
  assert.equal(program.stderr.trimEnd().split('\n').length, 1, program.stderr)
}

/** Calls back with a state folder of an ordinary user in which something has that mode. */
async function withMode(
  test: TestContext,
  name: string,
  mode: number,
  then: (folder: string) => Promise<void>
): Promise<void> {
  const { folder } = await home(test)
  chmodSync(join(folder, '..'), 0o755)
  if (asRoot) {
    for (const each of readdirSync(folder)) chownSync(join(folder, each), NOBODY, NOBODY)
    chownSync(folder, NOBODY, NOBODY)
  }
  chmodSync(join(folder, name), mode)
  try {
    await then(folder)
  } finally {
    // So that it can be removed.
    chmodSync(folder, 0o755)
  }
}

describe('a database that is not for us', () => {
  for (const [what, sql, sentence] of [
    [
      'of a newer version',
      'PRAGMA user_version = 99',
      /was written by a newer version of parley: use/
    ],
    ['of another program', 'PRAGMA application_id = 7', /belongs to another program: move it away/]
  ] as const) {
    it(`one ${what} is refused in a sentence, and is as it was`, async (test) => {
      const { folder, file } = await home(test)
      const database = new DatabaseSync(file)
      database.exec(sql)
      database.close()
      const before = readFileSync(file)
      await refused(parley(test, folder, 'chat', chatTo(NO_RELAY)), sentence)
      await refused(parley(test, folder, 'history'), sentence)
      assert.deepEqual(readFileSync(file), before)
    })
  }
})

describe('a database that is damaged', () => {
  it('is kept under another name, which the chat tells, and the talk goes on', async (test) => {
    await using scene = await relayScene()
    const { folder, file } = await home(test)
    writeFileSync(file, Buffer.concat([Buffer.from('diary'), readFileSync(file).subarray(5)]))
    const before = readFileSync(file)
    await refused(
      parley(test, folder, 'history'),
      /^what was said cannot be read from .*: it is damaged, so start a chat: it sets the file aside/
    )
    const chat = parley(test, folder, 'chat', chatTo(String(scene.address)))
    assert.equal(await chat.ended(), 0, chat.stderr)
    assert.match(chat.stderr, /^the database .* was damaged: it is kept as .*peer\.db\.corrupt-/)
    const aside = readdirSync(folder).find((name) => name.includes('.corrupt-')) ?? assert.fail()
    assert.deepEqual(readFileSync(join(folder, aside)), before)
  })
})

describe(
  'a database that is read-only',
  { skip: !canBeOrdinary && EXCUSED.nobodyReadsHere },
  () => {
    for (const [what, name, mode] of [
      ['file', 'peer.db', 0o444],
      ['folder', '.', 0o555]
    ] as const) {
      it(`(its ${what}) stops the chat with a sentence, and its history can be read`, async (test) => {
        await withMode(test, name, mode, async (folder) => {
          const chat = ordinary(test, folder, ['chat', 'kitchen', ...chatTo(NO_RELAY)])
          await refused(chat, /^messages cannot be kept in .*: .*make it and its folder writable/)
          const history = ordinary(test, folder, ['history', 'kitchen'])
          assert.equal(await history.ended(), 0, history.stderr)
          assert.match(history.stdout, /ann: hello there\n$/)
        })
      })
    }

    it('or cannot even be read is one sentence', async (test) => {
      const sentence =
        /^what was said cannot be read from .*: it cannot be opened, so run as its owner/
      await withMode(test, 'peer.db', 0o000, async (folder) =>
        refused(ordinary(test, folder, ['history']), sentence)
      )
    })
  }
)
