// The commands of `parley`, their exit codes and the one sentence of each failure.
import assert from 'node:assert/strict'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { dispatch } from '../../../../peer/commands/dispatch.ts'
import type { StartPeer } from '../../../../peer/api.ts'
import { UserError } from '../../../../shared/errors.ts'
import { lockIdentity } from '../../../../shared/identity-lock.ts'
import { fakeStartPeer, type FakePeer } from '../../../support/fake-peer.ts'
import { FakeTerminal } from '../../../support/fake-terminal.ts'
import { scratchFolder } from '../../../support/scratch.ts'

const RELAY = '/ip4/203.0.113.7/tcp/45678/p2p/12D3KooWEHUQf4tPKh6TeSX5WdAhMP5xmtLXQDAeWrfUW8TLKvvv'

interface Scene {
  env?: Record<string, string>
  home?: string
  lines?: string[]
  startPeer?: StartPeer
  signal?: AbortSignal
}

async function parley(test: TestContext, argv: string[], scene: Scene = {}) {
  const terminal = new FakeTerminal(scene.lines ?? [])
  const home = scene.home ?? scratchFolder(test)
  const code = await dispatch({
    argv,
    env: { PARLEY_HOME: home, ...scene.env },
    nodeVersion: process.versions.node,
    execPath: process.execPath,
    platform: 'linux',
    version: '1.2.3',
    signal: scene.signal ?? new AbortController().signal,
    terminal,
    startPeer: scene.startPeer ?? fakeStartPeer()
  })
  return { code, home, printed: terminal.printed.join('\n'), said: terminal.said.join('\n') }
}

const failing =
  (reason: Error): StartPeer =>
  () =>
    Promise.reject(reason)

describe('parley', () => {
  it('shows its commands when it gets none, or is asked for help', async (test) => {
    for (const argv of [[], ['help'], ['--help'], ['-h']]) {
      const { code, printed, said } = await parley(test, argv)
      assert.equal(code, 0)
      assert.match(printed, /^Usage: parley COMMAND.*\n {2}chat .*\n {2}id /s)
      assert.equal(said, '')
    }
    assert.match((await parley(test, ['chat', '--help'])).printed, /^Usage: parley chat \[ROOM\]/)
    assert.match((await parley(test, ['id', '--help'])).printed, /^Usage: parley id/)
  })

  it('tells its version', async (test) => {
    for (const argv of [['--version'], ['chat', '--version'], ['id', '--version']]) {
      assert.deepEqual((await parley(test, argv)).printed.trim(), '1.2.3')
    }
  })

  it('suggests what was meant, with exit code 2', async (test) => {
    const wrong = await parley(test, ['caht'])
    assert.deepEqual(
      [wrong.code, wrong.said],
      [2, 'parley has no command caht: did you mean chat?']
    )
    assert.match(
      (await parley(test, ['--relay', RELAY])).said,
      /has no option --relay: run "parley --help"/
    )
    assert.match((await parley(test, ['constructor'])).said, /has no command constructor/)
  })

  it('warns of a variable that nothing reads, and does what it is asked to', async (test) => {
    const env = { PARLEY_RELAYS: RELAY, 'PARLEY_\u001B[2J': '1' }
    const { code, said, printed } = await parley(test, ['id'], { env })
    assert.deepEqual(
      [code, said.split('\n').slice(0, 2)],
      [
        0,
        [
          'warning: the environment variable PARLEY_RELAYS is not known and does nothing: did you mean PARLEY_RELAY?',
          'warning: the environment variable PARLEY_␛[2J is not known and does nothing'
        ]
      ]
    )
    assert.match(printed, /^12D3KooW\w+$/)
  })

  it('leaves no key behind when the options are wrong', async (test) => {
    const { code, home } = await parley(test, ['chat', '--relay', 'nonsense'])
    assert.equal(code, 2)
    assert.deepEqual(readdirSync(home), [])
  })
})

describe('parley id', () => {
  it('prints the same id each time, and the chat has it too', async (test) => {
    const { home, printed } = await parley(test, ['id'])
    assert.match(printed, /^12D3KooW\w+$/)
    assert.equal(statSync(join(home, 'peer.key')).mode & 0o777, 0o600)
    assert.equal((await parley(test, ['id'], { home })).printed, printed)
    const chat = await parley(test, ['chat', '--relay', RELAY], { home })
    assert.ok(chat.said.includes(printed))
  })

  it('can be asked about another file', async (test) => {
    const file = join(scratchFolder(test), 'deep', 'other.key')
    const { code, home } = await parley(test, ['id', '--identity', file])
    assert.equal(code, 0)
    assert.ok(existsSync(file))
    assert.deepEqual(readdirSync(home), [])
  })
})

describe('parley chat', () => {
  it('starts a peer with what was asked for, and stops it', async (test) => {
    const started: FakePeer[] = []
    const startPeer = fakeStartPeer({ onStarted: (fake) => started.push(fake) })
    const argv = ['chat', 'kitchen', '--relay', RELAY, '--name', 'ann', '--relayed-only']
    const { code } = await parley(test, argv, { startPeer })
    assert.equal(code, 0)
    const { config, stopped } = started[0] ?? assert.fail()
    assert.ok(stopped)
    assert.deepEqual(
      [config.room, config.relays, config.name, config.relayedOnly],
      ['kitchen', [RELAY], 'ann', true]
    )
  })

  it('has a name when nobody gave one', async (test) => {
    const started: FakePeer[] = []
    const startPeer = fakeStartPeer({ onStarted: (fake) => started.push(fake) })
    await parley(test, ['chat', '--relay', RELAY], { startPeer })
    assert.match(started[0]?.name ?? '', /./)
  })

  it('refuses a second copy on the same key, and is free again after the first', async (test) => {
    const home = scratchFolder(test)
    await parley(test, ['id'], { home })
    const first = lockIdentity(join(home, 'peer.key'))
    const second = await parley(test, ['chat', '--relay', RELAY], { home })
    assert.equal(second.code, 1)
    assert.match(
      second.said,
      /peer\.key is in use by another copy .* --identity FILE or PARLEY_HOME/
    )
    first?.[Symbol.dispose]()
    assert.equal((await parley(test, ['chat', '--relay', RELAY], { home })).code, 0)
    assert.equal((await parley(test, ['chat', '--relay', RELAY], { home })).code, 0)
  })

  it('tells in one sentence why there is no peer, and as an event with --json', async (test) => {
    const startPeer = failing(new UserError('relay-refused', 'the relay says no'))
    const plain = await parley(test, ['chat', '--relay', RELAY], { startPeer })
    assert.deepEqual([plain.code, plain.said, plain.printed], [1, 'the relay says no', ''])
    for (const [argv, env] of [
      [['chat', '--relay', RELAY, '--json'], {}],
      [['chat', '--relay', RELAY], { PARLEY_JSON: 'Yes' }]
    ] as const) {
      const json = await parley(test, [...argv], { startPeer, env })
      assert.equal(json.said, 'the relay says no')
      assert.match(
        json.printed,
        /^\{"event":"error","at":"[^"]+","code":"relay-refused","message":"the relay says no"\}$/
      )
    }
    const argv = ['chat', '--relay', RELAY, '--no-json']
    const words = await parley(test, argv, { startPeer, env: { PARLEY_JSON: '1' } })
    assert.deepEqual([words.said, words.printed], ['the relay says no', ''])
    const wrong = await parley(test, ['chat', '--relay', 'nonsense', '--json'])
    assert.equal(wrong.code, 2)
    assert.match(wrong.printed, /"code":"relay-address-malformed"/)
  })

  it('tells a defect in one line without a stack trace', async (test) => {
    const startPeer = failing(new TypeError('x is\nnot a function'))
    const { code, said } = await parley(test, ['chat', '--relay', RELAY], { startPeer })
    assert.deepEqual(
      [code, said],
      [1, 'parley failed unexpectedly: TypeError: x is␊not a function']
    )
  })

  it('that is stopped while it starts has not failed', async (test) => {
    const startPeer = failing(new DOMException('stop', 'AbortError'))
    const signal = AbortSignal.abort()
    const { code, said } = await parley(test, ['chat', '--relay', RELAY], { startPeer, signal })
    assert.deepEqual([code, said], [0, ''])
  })
})
