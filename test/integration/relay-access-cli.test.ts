// Secrets and lists as operators and users handle them: real processes, files, variables and signals; and the secret
// itself in nothing that any of them says.
import assert from 'node:assert/strict'
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { start, type RunningProgram } from '../support/program.ts'
import { freePort } from '../support/relay-at.ts'
import { scratchFolder } from '../support/scratch.ts'

const SECRET = 'kq3v8Zr0uJmT5xWcYb7N'
const NEWER = 'pH2d9LsE4fGoX6aQtR1M'
const WRONG = 'nobody knows this one'

interface Run {
  program: RunningProgram
  address: string
  secretFile: string
  /** Of the configuration. */
  file: string
}

function secretIn(file: string, ...secrets: string[]): void {
  writeFileSync(file, secrets.map((each) => `${each}\n`).join(''))
  chmodSync(file, 0o600)
}

async function relay(
  t: TestContext,
  args: string[] = [],
  env: Record<string, string> = {}
): Promise<Run> {
  const home = scratchFolder(t)
  const [secretFile, file] = [join(home, 'secret'), join(home, 'relay.yaml')]
  secretIn(secretFile, SECRET)
  writeFileSync(file, `secret-file: ${secretFile}\n`)
  const listen = ['--listen', '/ip4/127.0.0.1/tcp/0']
  const program = start(t, ['relay/main.ts', ...listen, ...args], {
    env: { PARLEY_HOME: home, ...env }
  })
  const json = args.includes('--json')
  await program.shows('stdout', json ? /"listening".*\n/ : /A peer joins with:\n.*\n/)
  const address = /\/ip4\/127\.0\.0\.1\/tcp\/\d+\/p2p\/\w+/.exec(program.stdout)?.[0] ?? ''
  return { program, address, secretFile, file }
}

function chat(
  t: TestContext,
  address: string,
  env: Record<string, string>,
  args: string[] = []
): RunningProgram {
  const listen = ['--listen', '/ip4/127.0.0.1/tcp/0']
  return start(t, ['peer/main.ts', 'chat', '--relay', address, ...listen, ...args], {
    env: { PARLEY_HOME: scratchFolder(t), ...env }
  })
}

/** What they have said, and been started with, has nothing of a secret in it. */
function assertSilent(programs: RunningProgram[], ...texts: string[]): void {
  const said = programs.flatMap(({ stdout, stderr }) => [stdout, stderr])
  const started = programs.map(({ child }) => child.spawnargs.join(' '))
  for (const text of [...said, ...started, ...texts]) {
    for (const secret of [SECRET, NEWER, WRONG]) {
      for (const form of ['utf8', 'hex', 'base64'] as const) {
        // The ends of base64 depend on what stands beside it.
        const piece = Buffer.from(secret).toString(form).slice(0, 12)
        assert.ok(!text.includes(piece), `${piece} is in\n${text}`)
      }
    }
  }
}

describe('a relay program with a secret', { concurrency: 2 }, () => {
  it('says so, lets in who has it, and tells the others what is missing', async (t) => {
    const { program, address, secretFile } = await relay(t, ['--verbose'])
    await program.shows('stderr', /access is for whoever proves the secret\n/)
    assert.match(program.stdout, /--relay \/ip4\/\S+ --secret-file FILE\n$/)
    const byFile = chat(t, address, {}, ['--secret-file', secretFile])
    const byVariable = chat(t, address, { PARLEY_SECRET: SECRET })
    const without = chat(t, address, {})
    const wrong = chat(t, address, { PARLEY_SECRET: WRONG })
    await byFile.shows('stderr', /makes you reachable/)
    await byVariable.shows('stderr', /makes you reachable/)
    await without.shows(
      'stderr',
      /wants a secret: give it with PARLEY_SECRET or --secret-file \(trying/
    )
    await wrong.shows('stderr', /does not take the secret that it was given/)
    await program.shows('stderr', /secret proven · …/)
    await program.shows(
      'stderr',
      /secret refused · ….*knows no secret that is in force \(rule secret-wrong\)/
    )
    await program.shows('stderr', /reservation refused · ….*\(rule secret-missing\)/)
    assertSilent([program, byFile, byVariable, without, wrong])
  })

  it('has it in no event, no page and no metric', async (t) => {
    const port = await freePort()
    const env = { PARLEY_SECRET: `${SECRET}\n${NEWER}`, PARLEY_STATUS: `127.0.0.1:${port}` }
    const { program, address } = await relay(t, ['--json'], env)
    const ann = chat(t, address, { PARLEY_SECRET: NEWER }, ['--json', '--verbose'])
    const bob = chat(t, address, { PARLEY_SECRET: WRONG }, ['--json'])
    await ann.shows('stdout', /"reserved"/)
    await bob.shows('stdout', /"refused"/)
    await program.shows('stdout', /"event":"access".*"action":"granted"/)
    await program.shows('stdout', /"event":"access".*"refused".*"rule":"secret-wrong"/)
    const pages = await Promise.all(
      ['/', '/status.json', '/metrics'].map(async (path) =>
        (await fetch(`http://127.0.0.1:${port}${path}`)).text()
      )
    )
    assert.match(pages.join(''), /refusals_total\{request="access",reason="secret-wrong"\} 1\n/)
    assertSilent([program, ann, bob], ...pages)
  })

  it('reads its secrets and lists again on SIGHUP, and what is wrong with them changes nothing', async (t) => {
    const { program, address, secretFile, file } = await relay(t)
    secretIn(secretFile, NEWER, SECRET)
    program.child.kill('SIGHUP')
    await program.shows('stderr', /reloaded: access is for whoever proves one of 2 secrets\n/)
    const ann = chat(t, address, { PARLEY_SECRET: NEWER }, ['--name', 'ann'])
    const bob = chat(t, address, { PARLEY_SECRET: SECRET }, ['--name', 'bob'])
    await ann.shows('stderr', /path to bob: direct/)

    secretIn(secretFile, 'too short')
    program.child.kill('SIGHUP')
    await program.shows(
      'stderr',
      /not reloaded, everything is as it was: line 1 of the secret file \S+ has 9 char/
    )
    chmodSync(secretFile, 0o644)
    program.child.kill('SIGHUP')
    await program.shows('stderr', /not reloaded.*can be read by others/)

    secretIn(secretFile, NEWER)
    const id = /peer (\w+)\n/.exec(bob.stderr)?.[1] ?? ''
    writeFileSync(file, `secret-file: ${secretFile}\ndeny:\n  - ${id}\n`)
    program.child.kill('SIGHUP')
    await program.shows(
      'stderr',
      /reloaded: access is for whoever proves the secret, but for 1 denied peer\n/
    )
    assert.match(
      program.stderr,
      new RegExp(
        `connection closed · 127.0.0.1 · …${id.slice(-8)}: the peer is on the deny list \\(rule deny\\)`
      )
    )
    await bob.shows('stderr', /lost the relay/)
    ann.child.stdin.write('the relay is not needed\n')
    await bob.shows('stdout', /ann: the relay is not needed/)
    assert.doesNotMatch(ann.stderr, /lost the relay/)

    writeFileSync(file, '')
    program.child.kill('SIGHUP')
    await program.shows('stderr', /reloaded: access is for everybody\n/)
    await bob.shows('stderr', /makes you reachable[^]*makes you reachable/)
    assertSilent([program, ann, bob])
  })
})

describe('what operators and users get wrong about secrets', { concurrency: 2 }, () => {
  it('is said in a sentence without the secret, and ends with 2', async (t) => {
    const home = scratchFolder(t)
    const file = join(home, 'secret')
    writeFileSync(file, `${SECRET}\n`)
    chmodSync(file, 0o640)
    const cases: Array<[env: Record<string, string>, args: string[], words: RegExp]> = [
      [{}, ['--secret-file', file], /can be read by others than its owner: run "chmod 600 /],
      [{}, ['--secret-file', join(home, 'none')], /does not exist: make it/],
      [{ PARLEY_SECRET: SECRET.slice(0, 15) }, [], /^line 1 of PARLEY_SECRET has 15 characters/],
      [
        { PARLEY_SECRET: SECRET, PARLEY_SECRET_FILE: file },
        [],
        /are both set: unset one of them\n$/
      ],
      [{}, [`--secret=${SECRET}`], /has no option --secret: did you mean --secret-file\?\n$/]
    ]
    for (const [env, args, words] of cases) {
      for (const program of [
        start(t, ['relay/main.ts', '--check-config', ...args], {
          env: { PARLEY_HOME: home, ...env }
        }),
        chat(t, '/ip4/127.0.0.1/tcp/1', env, args)
      ]) {
        assert.equal(await program.ended(), 2, program.stderr)
        assert.match(program.stderr, words)
        assert.ok(!`${program.stdout}${program.stderr}`.includes(SECRET.slice(0, 15)))
      }
    }
  })

  it('is checked by --check-config, which says where they come from and nothing else', async (t) => {
    const home = scratchFolder(t)
    const file = join(home, 'secret')
    secretIn(file, SECRET)
    const check = async (args: string[], env: Record<string, string>): Promise<string> => {
      const program = start(t, ['relay/main.ts', '--check-config', ...args], {
        env: { PARLEY_HOME: home, ...env }
      })
      assert.equal(await program.ended(), 0, program.stderr)
      assertSilent([program])
      return /^secret-file\t.*$/m.exec(program.stdout)?.[0] ?? ''
    }
    assert.equal(
      await check(['--secret-file', file], {}),
      `secret-file\t${file}\toption --secret-file`
    )
    const variable = { PARLEY_SECRET: SECRET }
    assert.equal(await check([], variable), 'secret-file\t\tenvironment PARLEY_SECRET')
    assert.equal(await check([], {}), 'secret-file\t\tdefault')
    assert.equal(readFileSync(file, 'utf8'), `${SECRET}\n`)
  })
})
