// What a running relay tells its operator: addresses that cannot be right, and a log that nobody else writes lines into.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { tcp } from '@libp2p/tcp'
import { multiaddr, type Multiaddr } from '@multiformats/multiaddr'
import { rendezvousChannel } from '../../peer/discovery/channel.ts'
import { register } from '../../peer/discovery/rendezvous-client.ts'
import { dialProblem } from '../../relay/announced/advice.ts'
import { dialAnnounced } from '../../relay/announced/dial.ts'
import { withoutPeer } from '../../shared/addresses.ts'
import { everyText } from '../../shared/error-text.ts'
import { sealRecord } from '../../shared/signed-record.ts'
import { start, type RunningProgram } from '../support/program.ts'
import { patience } from '../support/raw-circuit.ts'
import { freePort } from '../support/relay-at.ts'
import { relayScene, stockPeer } from '../support/relay-scene.ts'
import { scratchFolder } from '../support/scratch.ts'

const LOOPBACK = ['--listen', '/ip4/127.0.0.1/tcp/0']

interface Run {
  program: RunningProgram
  home: string
}

function relay(
  t: TestContext,
  args: string[],
  yaml?: string,
  more: Record<string, string> = {}
): Run {
  const home = scratchFolder(t)
  if (yaml !== undefined) writeFileSync(join(home, 'relay.yaml'), yaml)
  const program = start(t, ['relay/main.ts', ...args], { env: { PARLEY_HOME: home, ...more } })
  return { program, home }
}

const eventsOf = (lines: string): Array<Record<string, unknown>> =>
  lines
    .split('\n')
    .slice(0, -1)
    .map((line): Record<string, unknown> => JSON.parse(line))

/** Registers in a room with that name, as anybody may. */
async function registerIn(t: TestContext, room: string, at: Multiaddr): Promise<void> {
  const privateKey = await generateKeyPair('Ed25519')
  const node = await stockPeer([], [tcp()], privateKey)
  t.after(() => node.stop())
  await node.start()
  const signal = patience()
  const connection = await node.dial(at, { signal })
  const sealed = { form: 'standard', addresses: [], sequence: 1, signal } as const
  const record = await sealRecord(privateKey, sealed)
  await register(rendezvousChannel(connection), { room, record, signal })
}

describe('a relay with announced addresses', { concurrency: 2 }, () => {
  it('that cannot be right serves all the same, and warns in a line each', async (t) => {
    const announce = ['/ip4/10.0.0.1/tcp/1', '/dns4/relay.invalid/tcp/2']
    const args = announce.flatMap((address) => ['--announce', address])
    const { program } = relay(t, [...LOOPBACK, ...args])
    await program.shows('stdout', /A peer joins with:\n.*--relay \/ip4\/10\.0\.0\.1\/tcp\/1\/p2p\//)
    await program.shows('stderr', /^warning: the announced address \/ip4\/10\.0\.0\.1\/.*\n/m)
    await program.shows('stderr', /^warning: the announced name relay\.invalid cannot be .*\n/m)
    program.child.kill('SIGTERM')
    assert.equal(await program.ended(), 0)
  })

  it('has the warnings among its events as well', async (t) => {
    const { program } = relay(t, ['--json', ...LOOPBACK, '--announce', '/ip4/10.0.0.1/tcp/1'])
    await program.shows('stdout', /"event":"warning".*\n/)
    const { code, message } =
      eventsOf(program.stdout).find(({ event }) => event === 'warning') ?? {}
    assert.equal(code, 'unreachable-address')
    assert.match(String(message), /outside its private network/)
    assert.equal(program.stderr, '')
  })

  it('hands out its name, by which peers come in', async (t) => {
    const port = await freePort()
    const name = `/dns4/localhost/tcp/${port}`
    const { program } = relay(t, ['--listen', `/ip4/127.0.0.1/tcp/${port}`, '--announce', name])
    await program.shows('stdout', /A peer joins with:\n.*\n/)
    const [, ...command] = program.stdout.trimEnd().split('\n').at(-1)?.trim().split(' ') ?? []
    assert.match(command.at(-1) ?? '', new RegExp(`^${name}/p2p/12D3KooW\\w+$`))
    const env = { PARLEY_HOME: scratchFolder(t) }
    const peer = start(t, [...command, ...LOOPBACK], { env, input: '' })
    assert.equal(await peer.ended(), 0, peer.stderr)
    assert.match(peer.stderr, /makes you reachable/)
  })

  it('finds out whether it is itself that answers there', async () => {
    await using scene = await relayScene()
    await using other = await relayScene()
    const { own, peerId } = scene.relay
    const found = async (address: Multiaddr): Promise<string | undefined> =>
      dialAnnounced(address.encapsulate(`/p2p/${peerId}`), own, { signal: patience() }).then(
        () => 'itself',
        (error: unknown) => dialProblem(address, everyText(error))
      )
    const port = withoutPeer(scene.address).toString().split('/').at(-1)
    assert.equal(await found(withoutPeer(scene.address)), 'itself')
    assert.equal(await found(multiaddr(`/dns4/localhost/tcp/${port}`)), 'itself')
    assert.match((await found(withoutPeer(other.address))) ?? '', /leads to another relay/)
    const nobody = multiaddr(`/ip4/127.0.0.1/tcp/${await freePort()}`)
    assert.match((await found(nobody)) ?? '', /cannot be reached from this machine itself/)
    assert.equal(own.peers.size, 0)
  })
})

describe('the log of a relay', { concurrency: 2 }, () => {
  const ROOM = 'kitchen\nstopped\r\u001B[2J\u009B31m\u202Etxt'

  it('is one line an event, whatever a remote has put into it', async (t) => {
    const { program } = relay(t, LOOPBACK)
    await program.shows('stdout', /end of addresses/)
    await registerIn(t, ROOM, multiaddr(/\/ip4\/\S+/.exec(program.stdout)?.[0]))
    await program.shows('stderr', /registration added .*\n/)
    assert.match(program.stderr, /room kitchen␊stopped␍␛\[2J�31m�txt\n/)
    assert.doesNotMatch(program.stderr, /[^\P{Cc}\n]/v)
  })

  it('is JSON on standard output alone when that is asked for, reloads and their mistakes too', async (t) => {
    const { program, home } = relay(t, ['--json', ...LOOPBACK], 'drain: 3\n')
    await program.shows('stdout', /"listening".*\n/)
    const [listening] = eventsOf(program.stdout).filter(({ event }) => event === 'listening')
    assert.ok(Array.isArray(listening?.['addresses']))
    await registerIn(t, ROOM, multiaddr(String(listening['addresses'][0])))
    await program.shows('stdout', /"registration".*\n/)
    program.child.kill('SIGHUP')
    await program.shows('stdout', /reloaded: nothing has changed/)
    writeFileSync(join(home, 'relay.yaml'), 'drain: long\n')
    program.child.kill('SIGHUP')
    await program.shows('stdout', /not reloaded, everything is as it was: .*"drain.*\n/)
    program.child.kill('SIGTERM')
    assert.equal(await program.ended(), 0)
    const events = eventsOf(program.stdout)
    assert.deepEqual(
      new Set(events.map(({ event }) => event)),
      new Set(['configuration', 'listening', 'registration', 'stopped'])
    )
    assert.equal(events.find(({ event }) => event === 'registration')?.['room'], ROOM)
    assert.match(String(events[0]?.['message']), /^configured by .*relay\.yaml$/)
    for (const { at } of events) assert.match(String(at), /^\d{4}-.*T[\d:.]+Z$/)
    assert.doesNotMatch(program.stdout, /[^\P{Cc}\n]/v)
    assert.equal(program.stderr, '')
  })

  it('is JSON on both streams when it cannot serve or is not understood, wherever that is asked for', async (t) => {
    const port = await busyPort(t)
    const busy = ['--status', 'off', '--listen', `/ip4/127.0.0.1/tcp/${port}`]
    for (const [args, yaml, codes] of [
      [['--json', ...busy], '', ['cannot-listen']],
      [busy, 'json: true\n', ['cannot-listen']],
      [['--json'], 'drain: long\nno-such-key: 1\n', ['config-file', 'config-file']],
      [['--json', '--no-such-option'], '', ['unknown-option']]
    ] as const) {
      const { program } = relay(t, [...args], yaml)
      assert.notEqual(await program.ended(), 0)
      assert.deepEqual(eventsOf(program.stderr), errorsIn(program))
      assert.deepEqual(
        errorsIn(program).map(({ code }) => code),
        codes
      )
    }
  })

  it('has which variables nothing reads, in the form that is asked for', async (t) => {
    const wrong = { PARLEY_LIMITS: 'circuits=5' }
    const said =
      'the environment variable PARLEY_LIMITS is not known and does nothing: did you mean PARLEY_LIMIT?'
    const text = relay(t, LOOPBACK, undefined, wrong).program
    await text.shows('stderr', new RegExp(`^warning: ${RegExp.escape(said)}$`, 'm'))
    const json = relay(t, ['--json', ...LOOPBACK], undefined, wrong).program
    await json.shows('stdout', /"listening".*\n/)
    const [{ code, message } = {}] = eventsOf(json.stdout)
    assert.deepEqual([code, message, json.stderr], ['environment', said, ''])
    const report = relay(t, ['--check-config', '--json'], undefined, wrong).program
    assert.equal(await report.ended(), 0)
    assert.equal(report.stderr, `warning: ${said}\n`)
    assert.match(report.stdout, /^# no file/)
  })

  it('has what Node warns of, in the form that is asked for', async (t) => {
    const warns = 'setTimeout(() => process.emitWarning("it is odd"), 1000)'
    const NODE_OPTIONS = `--import=data:text/javascript,${encodeURIComponent(warns)}`
    const home = { PARLEY_HOME: scratchFolder(t) }
    const words = start(t, ['relay/main.ts', ...LOOPBACK], { env: { ...home, NODE_OPTIONS } })
    await words.shows('stderr', /^warning: Warning: it is odd\n/m)
    const elsewhere = { PARLEY_HOME: scratchFolder(t), NODE_OPTIONS }
    const json = start(t, ['relay/main.ts', '--json', ...LOOPBACK], { env: elsewhere })
    await json.shows('stdout', /"event":"warning".*"message":"Warning: it is odd"\}\n/)
    assert.equal(json.stderr, '')
  })
})

const errorsIn = (program: RunningProgram): Array<Record<string, unknown>> =>
  eventsOf(program.stdout).filter(({ event }) => event === 'error')

async function busyPort(t: TestContext): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  t.after(() => server.close())
  await once(server, 'listening')
  const address = server.address()
  assert.ok(address !== null && typeof address === 'object')
  return address.port
}
