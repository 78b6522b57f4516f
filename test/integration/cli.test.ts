// `parley` as its user runs it: exit codes, signals, pipes, and one sentence for everything that can go wrong.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmodSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { nodeVersionProblem } from '../../shared/node-version.ts'
import { start, type RunningProgram } from '../support/program.ts'
import { asRoot, scratchFolder } from '../support/scratch.ts'
import { EXCUSED } from '../support/left-out.ts'

const RELAY = '/ip4/127.0.0.1/tcp/1/p2p/12D3KooWEHUQf4tPKh6TeSX5WdAhMP5xmtLXQDAeWrfUW8TLKvvv'
const WITHOUT_NETWORK = ['--import', './test/support/without-network.ts']

interface Scene {
  env?: Record<string, string>
  input?: string | undefined
}

/** `parley ARGS` with a peer that needs no network and a state folder of its own. */
function parley(test: TestContext, args: string[], scene: Scene = {}): RunningProgram {
  return start(test, [...WITHOUT_NETWORK, 'peer/main.ts', ...args], {
    ...scene,
    env: { PARLEY_HOME: scratchFolder(test), ...scene.env }
  })
}

function saysOneSentence({ stderr }: RunningProgram, words: RegExp): void {
  assert.match(stderr, words)
  assert.match(stderr, /^[^\n]+\n$/, 'one line')
  assert.doesNotMatch(stderr, /^\s+at |node:internal/m, 'no stack trace')
}

describe('wrong usage', () => {
  const WRONG: Array<[what: string, args: string[], words: RegExp]> = [
    ['an unknown command', ['caht'], /no command caht: did you mean chat\?/],
    ['an unknown option', ['chat', '--relya', RELAY], /no option --relya: did you mean --relay\?/],
    ['an option without its value', ['chat', '--relay'], /--relay needs a value/],
    ['a switch with a value', ['chat', '--json=1'], /--json takes no value/],
    ['no relay', ['chat'], /no relay is given: run "parley-relay"/],
    [
      'a malformed relay address',
      ['chat', '--relay', '127.0.0.1:1'],
      /"127\.0\.0\.1:1" is malformed/
    ],
    [
      'a relay address that is not of TCP',
      ['chat', '--relay', '/ip4/127.0.0.1/udp/1'],
      /is not a TCP address/
    ],
    ['a room name over 255 bytes', ['chat', 'x'.repeat(256), '--relay', RELAY], /255/],
    ['a room too many', ['chat', 'a', 'b', '--relay', RELAY], /does not know what to do with "b"/]
  ]
  for (const [what, args, words] of WRONG) {
    it(`${what} is one sentence and exit code 2`, async (test) => {
      const program = parley(test, args)
      assert.equal(await program.ended(), 2)
      saysOneSentence(program, words)
      assert.equal(program.stdout, '')
    })
  }

  it('a bad variable is named', async (test) => {
    const program = parley(test, ['chat'], { env: { PARLEY_VERBOSE: 'loud' } })
    assert.equal(await program.ended(), 2)
    saysOneSentence(program, /the environment variable PARLEY_VERBOSE is "loud"/)
  })

  it('is an event as well with --json', async (test) => {
    const program = parley(test, ['chat', '--json', '--relay', 'nonsense'])
    assert.equal(await program.ended(), 2)
    saysOneSentence(program, /is malformed/)
    assert.match(
      program.stdout,
      /^\{"event":"error","at":"[^"]+","code":"relay-address-malformed","message":"[^\n]+"\}\n$/
    )
  })
})

describe('a key file', () => {
  const UNUSABLE: Array<[what: string, content: string, mode: number, words: RegExp]> = [
    ['corrupt', 'not a key', 0o600, /does not hold a libp2p private key/],
    ['empty', '', 0o600, /is empty/],
    ['world-readable', 'whatever', 0o644, /run "chmod 600 /],
    ['unreadable', 'whatever', 0o200, /permission denied/]
  ]
  for (const [what, content, mode, words] of UNUSABLE) {
    const skip = what === 'unreadable' && asRoot && EXCUSED.asRoot
    it(`that is ${what} is one sentence and exit code 1, and is kept`, { skip }, async (test) => {
      const folder = scratchFolder(test)
      const file = join(folder, 'peer.key')
      writeFileSync(file, content)
      chmodSync(file, mode)
      for (const args of [['id'], ['chat', '--relay', RELAY]]) {
        const program = parley(test, [...args, '--identity', file])
        assert.equal(await program.ended(), 1)
        saysOneSentence(program, words)
      }
      chmodSync(file, 0o600)
      assert.equal(readFileSync(file, 'utf8'), content)
      assert.deepEqual(readdirSync(folder), ['peer.key'])
    })
  }

  it('that another copy uses is refused, and free again when that one was killed', async (test) => {
    const env = { PARLEY_HOME: scratchFolder(test) }
    const first = parley(test, ['chat', '--relay', RELAY], { env })
    await first.shows('stderr', /bob is in the room/)
    const second = parley(test, ['chat', '--relay', RELAY], { env, input: '' })
    assert.equal(await second.ended(), 1)
    saysOneSentence(second, /peer\.key is in use by another copy/)
    first.child.kill('SIGKILL')
    await first.ended()
    const third = parley(test, ['chat', '--relay', RELAY], { env, input: '' })
    assert.equal(await third.ended(), 0)
  })
})

describe('a line piped in', () => {
  it('is delivered, and the program leaves with 0 and nothing on standard output', async (test) => {
    const program = parley(test, ['chat', '--relay', RELAY], { input: 'hello\n' })
    assert.equal(await program.ended(), 0)
    assert.equal(program.stdout, '')
    assert.match(program.stderr, /bob is in the room/)
  })

  it('is told as events with --json', async (test) => {
    const program = parley(test, ['chat', '--relay', RELAY, '--json'], { input: 'hello' })
    assert.equal(await program.ended(), 0)
    const kinds = [...program.stdout.matchAll(/^\{"event":"(\w+)"/gm)].map(([, kind]) => kind)
    assert.deepEqual(kinds, ['started', 'discovered', 'sent', 'delivered', 'stopped'])
    assert.equal(program.stderr, '')
  })
})

describe('leaving', () => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    it(`on ${signal} is clean`, async (test) => {
      const program = parley(test, ['chat', '--relay', RELAY, '--json'])
      await program.shows('stdout', /"discovered"/)
      program.child.kill(signal)
      assert.equal(await program.ended(), 0)
      assert.match(program.stdout, /"stopped".*\n$/)
      assert.equal(program.stderr, '')
    })
  }

  it('does not wait for acknowledgements when asked a first time', async (test) => {
    const env = { PARLEY_TEST_SILENT: '1' }
    const program = parley(test, ['chat', '--relay', RELAY, '--json'], { env, input: 'hello\n' })
    await program.shows('stdout', /"sent"/)
    program.child.kill('SIGTERM')
    assert.equal(await program.ended(), 0)
    saysOneSentence(program, /bob did not confirm 1 message/)
  })

  it('waits for nothing when asked a second time', async (test) => {
    const env = { PARLEY_TEST_STUCK: '1' }
    const program = parley(test, ['chat', '--relay', RELAY], { env })
    await program.shows('stderr', /bob is in the room/)
    program.child.kill('SIGTERM')
    // Signals that arrive together count as one: ask until it is gone.
    const asking = setInterval(() => program.child.kill('SIGTERM'), 20)
    test.after(() => clearInterval(asking))
    assert.equal(await program.ended(), 1)
  })

  it('is quiet when nobody reads what it prints any more', async (test) => {
    const env = { PARLEY_TEST_CHATTY: '1' }
    const program = parley(test, ['chat', '--relay', RELAY], { env })
    await program.shows('stdout', /bob: again and again/)
    program.child.stdout.destroy()
    assert.equal(await program.ended(), 0)
    assert.doesNotMatch(program.stderr, /EPIPE|failed/)
  })
})

const fakeVersion = (version: string): string =>
  `data:text/javascript,Object.defineProperty(process.versions,'node',{value:'${version}'})`

describe('a Node that is too old', () => {
  it('is refused by main.ts when it can read TypeScript at all', async (test) => {
    const args = ['--import', fakeVersion('22.18.0'), 'peer/main.ts', '--help']
    const program = start(test, args)
    assert.equal(await program.ended(), 1)
    assert.equal(program.stderr, `${nodeVersionProblem('22.18.0')}\n`)
    assert.equal(program.stdout, '')
  })

  for (const launcher of ['peer/parley.js', 'relay/parley-relay.js']) {
    it(`is refused by ${launcher} in the same words when it cannot read TypeScript`, async (test) => {
      const old = olderNode()
      const program =
        old === undefined
          ? start(test, ['--no-strip-types', '--import', fakeVersion('20.20.2'), launcher])
          : start(test, [launcher], { node: old.path })
      assert.equal(await program.ended(), 1)
      assert.equal(program.stderr, `${nodeVersionProblem(old?.version ?? '20.20.2')}\n`)
      assert.equal(program.stdout, '')
    })
  }

  it('is not what this is: the launcher starts the program', async (test) => {
    const program = start(test, ['peer/parley.js', '--help'])
    assert.equal(await program.ended(), 0)
    assert.match(program.stdout, /^Usage: parley COMMAND/)
    assert.equal(program.stderr, '')
  })
})

/** A Node of the machine that cannot read TypeScript, so that the launchers meet a real one where there is one. */
function olderNode(): { path: string; version: string } | undefined {
  for (const folder of new Set([...(process.env['PATH'] ?? '').split(':'), '/usr/bin'])) {
    const path = join(folder, 'node')
    try {
      const version = execFileSync(path, ['--version'], { encoding: 'utf8', stdio: 'pipe' }).trim()
      if (/^v(?:1[89]|20|21)\./.test(version)) return { path, version: version.slice(1) }
    } catch {
      continue
    }
  }
  return undefined
}
