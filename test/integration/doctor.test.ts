// `parley doctor` as its user runs it: with a relay, without one, and with relays that do not do what relays do.
import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { runDoctor } from '../../peer/commands/doctor.ts'
import type { CheckName } from '../../peer/doctor/finding.ts'
import { DEFAULT_LIMITS } from '../../relay/limits.ts'
import { startRelay } from '../../relay/relay.ts'
import { lockIdentity } from '../../shared/identity-lock.ts'
import { secretOf } from '../support/access-visitors.ts'
import { DoctorTold } from '../support/doctor-told.ts'
import { FakeTerminal } from '../support/fake-terminal.ts'
import { start, type RunningProgram } from '../support/program.ts'
import { freePort, relayAt } from '../support/relay-at.ts'
import { silentServer } from '../support/silent-server.ts'
import { scratchFolder } from '../support/scratch.ts'

const LIMIT_MS = 10_000
const SECRET = 'the secret of this relay'

function doctor(
  test: TestContext,
  args: string[],
  env: Record<string, string> = {}
): RunningProgram {
  return start(test, ['peer/main.ts', 'doctor', ...args], {
    env: { PARLEY_HOME: scratchFolder(test), ...env }
  })
}

/** What it tells with `--json`, and its exit code. */
async function told(program: RunningProgram): Promise<DoctorTold & { code: number | string }> {
  const code = await program.ended()
  assert.equal(program.stderr, '')
  return Object.assign(new DoctorTold(program.stdout), { code })
}

const AT_A_RELAY: CheckName[] = ['relay', 'reservation', 'clock', 'large-packets']

async function relayAddress(test: TestContext): Promise<string> {
  const relay = await relayAt(test, 0, await generateKeyPair('Ed25519'))
  return String(relay.addresses[0])
}

/** Accepts connections and says nothing. */
async function silentAddress(test: TestContext): Promise<string> {
  const server = await silentServer()
  test.after(async () => server[Symbol.asyncDispose]())
  return `/ip4/127.0.0.1/tcp/${server.port}`
}

describe('parley doctor', () => {
  it('finds nothing wrong with a relay that works, and that one on this machine tells nothing of NATs', async (test) => {
    const found = await told(doctor(test, ['--json', '--relay', await relayAddress(test)]))
    assert.deepEqual(found.verdicts(...AT_A_RELAY), ['ok', 'ok', 'ok', 'ok'])
    assert.deepEqual(found.verdicts('node', 'state', 'nat', 'port-mapping'), [
      'ok',
      'ok',
      'skipped',
      'skipped'
    ])
    assert.equal(typeof found.check('relay').evidence['rttMs'], 'number')
    assert.deepEqual([found.code, found.diagnosis.verdict], [1, 'warn'])
  })

  it('looks at this machine when no relay is named, and says that most needs one', async (test) => {
    const found = await told(doctor(test, ['--json']))
    assert.deepEqual(found.verdicts(...AT_A_RELAY), ['warn', 'skipped', 'skipped', 'skipped'])
    assert.match(found.diagnosis.changes[0]?.text ?? '', /^Name a relay/)
    assert.equal(found.code, 1)
  })

  it('takes the relay from the environment, and says what to do when nothing listens there', async (test) => {
    const relay = `/ip4/127.0.0.1/tcp/${await freePort()}`
    const found = await told(doctor(test, ['--json'], { PARLEY_RELAY: relay }))
    assert.deepEqual(found.verdicts(...AT_A_RELAY), ['fail', 'skipped', 'skipped', 'skipped'])
    assert.match(found.check('relay').sentence, /nothing listens at .*is the relay run/)
    assert.deepEqual([found.code, found.diagnosis.verdict], [1, 'fail'])
  })

  it('looks at each of several relays', async (test) => {
    const relay = await relayAddress(test)
    const dead = `/ip4/127.0.0.1/tcp/${await freePort()}`
    const found = await told(doctor(test, ['--json', '--relay', dead, '--relay', relay]))
    const relays = found.checks.filter(({ name }) => name === 'relay').map(({ verdict }) => verdict)
    assert.deepEqual(relays.toSorted(), ['fail', 'ok'])
  })

  it('is done within ten seconds with a relay that lets in and says nothing', async (test) => {
    const startedMs = performance.now()
    const found = await told(doctor(test, ['--json', '--relay', await silentAddress(test)]))
    assert.ok(performance.now() - startedMs < LIMIT_MS)
    assert.deepEqual(found.verdicts(...AT_A_RELAY), ['fail', 'skipped', 'skipped', 'skipped'])
  })

  it('says that a relay has no place for us', async (test) => {
    const relay = await startRelay(
      {
        privateKey: await generateKeyPair('Ed25519'),
        listen: ['/ip4/127.0.0.1/tcp/0'],
        announce: [],
        limits: { ...DEFAULT_LIMITS, reservations: 0 }
      },
      { signal: new AbortController().signal }
    )
    test.after(async () => relay[Symbol.asyncDispose]())
    const found = await told(doctor(test, ['--json', '--relay', String(relay.addresses[0])]))
    assert.deepEqual(found.verdicts('relay', 'reservation', 'clock'), ['ok', 'fail', 'ok'])
    assert.match(found.check('reservation').sentence, /refused a reservation/)
  })

  it('proves the secret of a relay that wants one, and without it says how to give it', async (test) => {
    const relay = await startRelay(
      {
        privateKey: await generateKeyPair('Ed25519'),
        listen: ['/ip4/127.0.0.1/tcp/0'],
        announce: [],
        access: { secrets: [secretOf(SECRET)] }
      },
      { signal: new AbortController().signal }
    )
    test.after(async () => relay[Symbol.asyncDispose]())
    const args = ['--json', '--relay', String(relay.addresses[0])]
    // One after the other: each gives up after nine seconds.
    const knows = await told(doctor(test, args, { PARLEY_SECRET: SECRET }))
    const wrong = await told(doctor(test, args, { PARLEY_SECRET: `not-${SECRET}` }))
    const none = await told(doctor(test, args))
    assert.equal(knows.check('reservation').verdict, 'ok')
    for (const refused of [wrong, none]) {
      assert.deepEqual([refused.check('reservation').verdict, refused.code], ['fail', 1])
      assert.match(refused.diagnosis.changes[0]?.text ?? '', /^Give the secret of the relay/)
    }
    assert.match(wrong.check('reservation').sentence, /does not take the secret/)
    assert.match(none.check('reservation').sentence, /wants a secret: give it with PARLEY_SECRET/)
  })

  it('leaves at once when it is interrupted', async (test) => {
    const program = doctor(test, ['--relay', await silentAddress(test)])
    await program.shows('stdout', /network/)
    const askedMs = performance.now()
    program.child.kill('SIGINT')
    assert.equal(await program.ended(), 1)
    assert.ok(performance.now() - askedMs < 2_000)
    assert.equal(program.stderr, '')
  })

  it('leaves the state folder as it is, and a chat that uses it alone', async (test) => {
    const home = scratchFolder(test)
    using lock = lockIdentity(join(home, 'peer.key'))
    assert.ok(lock !== undefined)
    const before = readdirSync(home)
    const args = ['--json', '--relay', await relayAddress(test)]
    const found = await told(doctor(test, args, { PARLEY_HOME: home }))
    assert.deepEqual(found.verdicts('state', 'relay'), ['ok', 'ok'])
    assert.deepEqual(readdirSync(home), before)
  })

  it('prints plain lines in one order into a pipe', async (test) => {
    const program = doctor(test, ['--relay', await relayAddress(test)])
    await program.ended()
    const titles = program.stdout.split('\n').map((line) => /^ {2}\S+ +(\S+)/.exec(line)?.[1])
    assert.deepEqual(titles.filter(Boolean).slice(0, 5), [
      'Node',
      'state',
      'port',
      'network',
      'relay'
    ])
    assert.ok(!program.stdout.includes('\u001B'))
    assert.match(program.stdout, /\nDirect with a peer …\n/)
  })

  const WRONG: Array<[what: string, args: string[], words: RegExp]> = [
    ['a malformed relay', ['--relay', '127.0.0.1:1'], /"127\.0\.0\.1:1" is malformed/],
    ['an unknown option', ['--relya', '/ip4/127.0.0.1/tcp/1'], /did you mean --relay\?/],
    ['an argument', ['kitchen'], /does not know what to do with "kitchen"/]
  ]
  for (const [what, args, words] of WRONG) {
    it(`${what} is one sentence and exit code 2`, async (test) => {
      const program = doctor(test, args)
      assert.equal(await program.ended(), 2)
      assert.match(program.stderr, words)
      assert.equal(program.stdout, '')
    })
  }

  it('shows what it still looks at for as long as it does, and ends when it has been seen enough of', async (test) => {
    const leaving = new AbortController()
    const shown: Array<string | undefined> = []
    const terminal = new FakeTerminal([])
    terminal.progress = (text) => {
      shown.push(text)
      if (text?.includes('looking at relay')) leaving.abort(new Error('seen enough'))
    }
    const code = await runDoctor({
      argv: ['--relay', await silentAddress(test)],
      env: { PARLEY_HOME: scratchFolder(test) },
      execPath: process.execPath,
      nodeVersion: process.versions.node,
      platform: process.platform,
      version: '0.0.0',
      signal: leaving.signal,
      terminal,
      startPeer: async () => assert.fail('nobody is to talk')
    })
    assert.equal(code, 1)
    assert.match(shown[0] ?? '', /^\S looking at this machine$/)
    assert.match(shown.at(-2) ?? '', /^\S looking at relay, /)
    assert.equal(shown.at(-1), undefined)
  })
})
