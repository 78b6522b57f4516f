// The configuration of parley-relay as its operator handles it: real processes, files and signals.
import assert from 'node:assert/strict'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { tcp } from '@libp2p/tcp'
import { multiaddr } from '@multiformats/multiaddr'
import { CircuitStatus } from '../../shared/wire/circuit.ts'
import { start, type RunningProgram } from '../support/program.ts'
import { askHop, connectRequest, reserveRequest } from '../support/raw-circuit.ts'
import { guest, statusOf, target } from '../support/relay-guests.ts'
import { stockPeer, type RelayScene } from '../support/relay-scene.ts'
import { scratchFolder } from '../support/scratch.ts'

const LISTEN = ['--listen', '/ip4/127.0.0.1/tcp/0']
const { OK, RESERVATION_REFUSED } = CircuitStatus

type Foreign = Pick<RelayScene, 'address' | 'plainPeer'>

interface Run {
  program: RunningProgram
  file: string
  write: (yaml: string) => void
}

function relay(
  t: TestContext,
  args: string[],
  yaml?: string,
  env: Record<string, string> = {}
): Run {
  const home = scratchFolder(t)
  const file = join(home, 'relay.yaml')
  const write = (text: string): void => writeFileSync(file, text)
  if (yaml !== undefined) write(yaml)
  const program = start(t, ['relay/main.ts', ...args], { env: { PARLEY_HOME: home, ...env } })
  return { program, file, write }
}

/** Peers of the relay that runs. */
async function serving(t: TestContext, { program }: Run): Promise<Foreign> {
  await program.shows('stdout', /end of addresses/)
  const address = /\/ip4\/\S+/.exec(program.stdout)?.[0] ?? ''
  return {
    address: multiaddr(address),
    plainPeer: async () => {
      const node = await stockPeer([], [tcp()])
      t.after(() => node.stop())
      await node.start()
      return node
    }
  }
}

describe('the configuration of parley-relay', { concurrency: 2 }, () => {
  it('is written by --init, for its owner alone, and never over what is there', async (t) => {
    const home = scratchFolder(t)
    const file = join(home, 'deep', 'mine.yaml')
    const init = () => start(t, ['relay/main.ts', '--init', '--config', file])
    const first = init()
    assert.equal(await first.ended(), 0, first.stderr)
    assert.equal(first.stdout, `${file}\n`)
    assert.equal(statSync(file).mode & 0o777, 0o600)
    writeFileSync(file, '# mine\n')
    const again = init()
    assert.equal(await again.ended(), 1)
    assert.match(again.stderr, /mine\.yaml exists and stays as it is/)
    assert.equal(readFileSync(file, 'utf8'), '# mine\n')
  })

  it('goes beside the key without --config, where it is found again', async (t) => {
    const first = relay(t, ['--init'])
    assert.equal(await first.program.ended(), 0)
    const check = start(t, ['relay/main.ts', '--check-config'], {
      env: { PARLEY_HOME: join(first.file, '..') }
    })
    assert.equal(await check.ended(), 0, check.stderr)
    assert.match(check.stdout, new RegExp(`^# ${first.file}\n`))
    assert.match(check.stdout, /\nlimits\.circuits\t1024\tfile, line \d+\n/)
  })

  it('is said by --check-config, with the origin of each value: option, environment, file, default', async (t) => {
    const yaml = 'drain: 3\nlisten: [/ip4/127.0.0.1/tcp/1]\nverbose: true\nlimits:\n  circuits: 5\n'
    const args = ['--check-config', '--listen', '/ip4/127.0.0.1/tcp/2', '--limit', 'hop-seconds=7']
    const env = { PARLEY_VERBOSE: '0', PARLEY_LIMIT: 'hop-seconds=8,stop-seconds=8' }
    const { program } = relay(t, args, yaml, env)
    assert.equal(await program.ended(), 0, program.stderr)
    const lines = program.stdout.split('\n')
    for (const line of [
      'listen\t/ip4/127.0.0.1/tcp/2\toption --listen',
      'drain\t3\tfile, line 1',
      'verbose\tfalse\tenvironment PARLEY_VERBOSE',
      'json\tfalse\tdefault',
      'limits.circuits\t5\tfile, line 5',
      'limits.hop-seconds\t7\toption --limit',
      'limits.stop-seconds\t8\tenvironment PARLEY_LIMIT',
      'limits.reservations\t512\tdefault'
    ]) {
      assert.ok(lines.includes(line), `${line} is not among\n${program.stdout}`)
    }
  })

  it('has the status page and the rooms too, and its password is not printed', async (t) => {
    const yaml = 'status: 127.0.0.1:7\nrooms: redis://:swordfish@10.0.0.5:6379/1\n'
    const { program } = relay(t, ['--check-config'], yaml)
    assert.equal(await program.ended(), 0, program.stderr)
    assert.match(program.stdout, /\nrooms\tredis:\/\/10\.0\.0\.5:6379\/1\tfile, line 2\n/)
    assert.doesNotMatch(program.stdout, /swordfish/)
  })

  it('with mistakes ends with 2, and every one of them in a line', async (t) => {
    const yaml = 'lisen: []\nlimits:\n  circuits: many\n'
    for (const args of [['--check-config'], LISTEN]) {
      const { program, file } = relay(t, args, yaml)
      assert.equal(await program.ended(), 2)
      assert.equal(program.stdout, '')
      const [first = '', second = '', ...rest] = program.stderr.split('\n')
      assert.match(first, /^"lisen" in .*relay\.yaml, line 1, .* did you mean "listen"\?$/)
      assert.match(second, /^"limits\.circuits" in .*, line 3, has to be a whole number/)
      assert.ok(first.includes(file))
      assert.deepEqual(rest, [''])
    }
    const wrong = relay(t, ['--check-config'], 'listen: /ip4/1.2.3/tcp/4')
    assert.equal(await wrong.program.ended(), 2)
    assert.match(wrong.program.stderr, /of "listen" in .*relay.yaml, line 1, is malformed/)
  })

  it('that was named and is not there, or cannot be read, ends with 2', async (t) => {
    const gone = relay(t, ['--check-config', '--config', '/nowhere/relay.yaml'])
    const folder = relay(t, ['--check-config', '--config', scratchFolder(t)])
    assert.equal(await gone.program.ended(), 2)
    assert.match(gone.program.stderr, /\/nowhere\/relay\.yaml does not exist: write it with --init/)
    assert.equal(await folder.program.ended(), 2)
    assert.match(folder.program.stderr, /is not a regular file/)
  })

  it('is read again on SIGHUP: limits change under a running circuit, a broken file changes nothing', async (t) => {
    const run = relay(t, LISTEN, 'limits:\n  reservations: 1\n')
    const { program, write } = run
    const scene = await serving(t, run)
    assert.match(program.stderr, /configured by .*relay\.yaml\n/)
    const host = await target(scene)
    const [from, late] = [await guest(scene), await guest(scene)]
    const { stream } = await askHop(from.toRelay, connectRequest(host.node.peerId))
    const { stream: far } = await host.taken
    assert.equal(await statusOf(late, reserveRequest()), RESERVATION_REFUSED)

    write('limits:\n  reservations: nothing\n')
    program.child.kill('SIGHUP')
    await program.shows(
      'stderr',
      /not reloaded, everything is as it was: "limits\.reservations" in/
    )
    assert.equal(await statusOf(late, reserveRequest()), RESERVATION_REFUSED)

    write('announce: /dns4/relay.example/tcp/1\ndrain: 0\nlimits:\n  reservations: 2\n')
    program.child.kill('SIGHUP')
    await program.shows('stderr', /not reloaded: announce has changed, which takes a restart/)
    assert.match(program.stderr, /reloaded: limit reservations is 2, was 1\n/)
    assert.equal(await statusOf(late, reserveRequest()), OK)

    const heard = Promise.withResolvers<void>()
    far.addEventListener('message', () => heard.resolve())
    stream.send(Buffer.from('still here'))
    await heard.promise
    program.child.kill('SIGTERM')
    assert.equal(await program.ended(), 0)
  })

  it('is read again on a SIGHUP that comes before the relay serves, as soon as it does', async (t) => {
    const { program, write } = relay(t, LISTEN, 'limits:\n  reservations: 1\n')
    await program.shows('stderr', /configured by .*relay\.yaml\n/)
    write('limits:\n  reservations: 2\n')
    program.child.kill('SIGHUP')
    await program.shows('stderr', /reloaded: limit reservations is 2, was 1\n/)
    assert.match(program.stdout, /end of addresses/)
  })

  it('does not overrule limits of options and variables on SIGHUP either, and the log says which', async (t) => {
    const args = [...LISTEN, '--limit', 'circuits=9']
    const run = relay(t, args, 'limits:\n  circuits: 9\n', { PARLEY_LIMIT: 'reservations=1' })
    const scene = await serving(t, run)
    run.write('limits:\n  circuits: 5\n  reservations: 5\n  handshakes: 5\n')
    run.program.child.kill('SIGHUP')
    await run.program.shows('stderr', /PARLEY_LIMIT overrules limits\.reservations in the file/)
    assert.match(run.program.stderr, /not reloaded: --limit overrules limits\.circuits in the file/)
    assert.match(run.program.stderr, /reloaded: limit handshakes is 5, was 128/)
    assert.doesNotMatch(run.program.stderr, /reloaded: limit (?:circuits|reservations)/)
    const [first, second] = [await guest(scene), await guest(scene)]
    assert.equal(await statusOf(first, reserveRequest()), OK)
    assert.equal(await statusOf(second, reserveRequest()), RESERVATION_REFUSED)
  })

  it('may come to be while the relay runs', async (t) => {
    const run = relay(t, LISTEN)
    await serving(t, run)
    run.program.child.kill('SIGHUP')
    await run.program.shows('stderr', /reloaded: nothing has changed/)
    run.write('limits:\n  circuits: 9\n')
    run.program.child.kill('SIGHUP')
    await run.program.shows('stderr', /reloaded: limit circuits is 9, was 1024/)
  })
})

async function withCircuit(t: TestContext, drain: string, args: string[] = []) {
  const run = relay(t, [...LISTEN, '--drain', drain, ...args])
  const scene = await serving(t, run)
  const host = await target(scene)
  const from = await guest(scene)
  const bystander = await guest(scene)
  assert.equal(await statusOf(bystander, reserveRequest()), OK)
  const { stream } = await askHop(from.toRelay, connectRequest(host.node.peerId))
  const { stream: far } = await host.taken
  return { ...run, scene, host, from, bystander, stream, far }
}

describe('parley-relay that is told to stop', { concurrency: 2 }, () => {
  it('lets circuits go on, refuses what is new, sends the others home, and leaves with 0', async (t) => {
    const { program, scene, from, host, bystander, stream, far } = await withCircuit(t, '60')
    const sentHome = Promise.withResolvers<void>()
    bystander.toRelay.addEventListener('close', () => sentHome.resolve())
    program.child.kill('SIGTERM')
    await program.shows('stderr', /stopping: one circuit is still running, for up to 60 s/)
    await sentHome.promise
    await assert.rejects(guest(scene), 'nobody comes in')
    assert.equal(await statusOf(from, reserveRequest()), RESERVATION_REFUSED)
    const again = await statusOf(from, connectRequest(host.node.peerId))
    assert.equal(again, CircuitStatus.RESOURCE_LIMIT_EXCEEDED)

    const heard = Promise.withResolvers<void>()
    far.addEventListener('message', () => heard.resolve())
    stream.send(Buffer.from('still here'))
    await heard.promise
    await Promise.all([stream.close(), far.close()])
    assert.equal(await program.ended(), 0, program.stderr)
    assert.match(program.stderr, /circuit closed .*: it was closed\n[^]*stopped\n$/)
  })

  it('is not ready while circuits go on, and still alive', async (t) => {
    const { program } = await withCircuit(t, '600', ['--status', '127.0.0.1:0'])
    await program.shows('stderr', /self-check: a circuit through this relay carries bytes/)
    const status = /http:\/\/\S+/.exec(program.stderr)?.[0] ?? ''
    const ask = async (path: string) => fetch(new URL(path, status))
    assert.equal((await ask('/readyz')).status, 200)
    program.child.kill('SIGTERM')
    await program.shows('stderr', /stopping: one circuit/)
    const ready = await ask('/readyz')
    assert.equal(ready.status, 503)
    assert.equal(
      await ready.text(),
      'not ready: the relay is about to stop, and takes nothing new\n'
    )
    assert.equal((await ask('/healthz')).status, 200)
  })

  it('ends circuits when their time is up', async (t) => {
    const { program, stream } = await withCircuit(t, '1')
    const cut = Promise.withResolvers<void>()
    stream.addEventListener('close', () => cut.resolve())
    program.child.kill('SIGINT')
    assert.equal(await program.ended(), 0, program.stderr)
    await cut.promise
    assert.match(program.stderr, /circuit closed .*: the relay stopped/)
  })

  for (const [first, second, code] of [
    ['SIGTERM', 'SIGTERM', 143],
    ['SIGTERM', 'SIGINT', 130]
  ] as const) {
    it(`leaves at once on ${second} after ${first}, with ${code}`, async (t) => {
      const { program } = await withCircuit(t, '600')
      program.child.kill(first)
      await program.shows('stderr', /stopping: one circuit/)
      program.child.kill(second)
      assert.equal(await program.ended(), code)
    })
  }
})
