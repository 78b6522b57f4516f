// parley-relay as its operator runs it: real processes, exit codes, marker lines, signals.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { start, type RunningProgram } from '../support/program.ts'
import { freePort } from '../support/relay-at.ts'
import { scratchFolder } from '../support/scratch.ts'
import { EXCUSED } from '../support/left-out.ts'

const MAIN = 'relay/main.ts'
const LOOPBACK = '/ip4/127.0.0.1/tcp/0'
const BLOCK =
  /^----- parley relay addresses -----\n((?:\/.+\n)+)----- end of addresses -----\nA peer joins with:\n {2}node peer\/parley\.js chat --relay (\S+)\n$/

interface Run {
  program: RunningProgram
  home: string
}

function relay(test: TestContext, args: string[], env: Record<string, string> = {}): Run {
  const home = env['PARLEY_HOME'] ?? scratchFolder(test)
  return { program: start(test, [MAIN, ...args], { env: { ...env, PARLEY_HOME: home } }), home }
}

async function busyPort(test: TestContext, host: string): Promise<number> {
  const server: Server = createServer().listen({ host, port: 0, ipv6Only: host.includes(':') })
  test.after(() => server.close())
  await once(server, 'listening')
  return portOf(server)
}

function portOf(server: Server): number {
  const address = server.address()
  assert.ok(address !== null && typeof address === 'object')
  return address.port
}

/** One sentence on standard error, nothing on standard output, and the exit code. */
async function fails(program: RunningProgram, code: number, sentence: RegExp): Promise<void> {
  assert.equal(await program.ended(), code, program.stderr)
  assert.equal(program.stdout, '')
  assert.match(program.stderr, sentence)
  assert.equal(program.stderr.trimEnd().split('\n').length, 1, program.stderr)
}

// Each takes a second of a processor to load: side by side, they wait less for each other.
describe('parley-relay', { concurrency: 2 }, () => {
  it('prints its addresses between markers, keeps its key, and leaves with 0 on SIGTERM', async (t) => {
    const first = relay(t, ['--listen', LOOPBACK])
    await first.program.shows('stdout', BLOCK)
    const [, addresses = '', command] = BLOCK.exec(first.program.stdout) ?? []
    const [address] = addresses.trimEnd().split('\n')
    assert.match(address ?? '', /^\/ip4\/127\.0\.0\.1\/tcp\/\d+\/p2p\/12D3KooW\w+$/)
    assert.equal(command, address)
    assert.equal(statSync(join(first.home, 'relay.key')).mode & 0o777, 0o600)
    first.program.child.kill('SIGTERM')
    assert.equal(await first.program.ended(), 0)
    assert.equal(first.program.stderr, 'stopped\n')

    const again = relay(t, ['--json', '--listen', LOOPBACK], { PARLEY_HOME: first.home })
    await again.program.shows('stdout', /\n/)
    const peerId = address?.split('/p2p/')[1]
    const listening: unknown = JSON.parse(again.program.stdout)
    assert.ok(typeof listening === 'object' && listening !== null)
    assert.equal(Reflect.get(listening, 'event'), 'listening')
    assert.equal(Reflect.get(listening, 'peerId'), peerId)
    assert.match(String(Reflect.get(listening, 'at')), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
    again.program.child.kill('SIGINT')
    assert.equal(await again.program.ended(), 0)
    assert.match(again.program.stdout, /\{"event":"stopped","at":"[^"]+"\}\n$/)
    assert.equal(again.program.stderr, '')
  })

  it('prints a command for a peer that works as it stands', async (t) => {
    const { program } = relay(t, ['--listen', LOOPBACK])
    await program.shows('stdout', BLOCK)
    const [, ...command] = program.stdout.trimEnd().split('\n').at(-1)?.trim().split(' ') ?? []
    const env = { PARLEY_HOME: scratchFolder(t) }
    const peer = start(t, [...command, '--listen', LOOPBACK], { env, input: '' })
    assert.equal(await peer.ended(), 0, peer.stderr)
    assert.match(peer.stderr, /makes you reachable/)
  })

  it('names announced addresses first, in the block and in the command', async (t) => {
    const announced = '/dns4/relay.example/tcp/45678'
    const { program } = relay(t, ['--listen', LOOPBACK], { PARLEY_ANNOUNCE: announced })
    await program.shows('stdout', BLOCK)
    const [, addresses = '', command] = BLOCK.exec(program.stdout) ?? []
    assert.equal(addresses.split('\n')[0], command)
    assert.ok(command?.startsWith(`${announced}/p2p/`), command)
  })

  it('tells the health check that it is ready once it carries bytes, and where its status page is', async (t) => {
    const { program } = relay(t, ['--listen', LOOPBACK, '--status', '127.0.0.1:0', '--verbose'])
    await program.shows('stderr', /self-check: a circuit through this relay carries bytes/)
    const [, status = ''] = /http:\/\/(127\.0\.0\.1:\d+)\//.exec(program.stderr) ?? []
    const healthy = start(t, ['relay/health.ts'], { env: { PARLEY_STATUS: status } })
    assert.equal(await healthy.ended(), 0, healthy.stderr)
    assert.match(healthy.stdout, /^ready: a circuit through this relay carried bytes/)

    const web = createServer((socket) =>
      socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
    )
    t.after(() => web.close())
    await once(web.listen(0, '127.0.0.1'), 'listening')
    const other = `127.0.0.1:${portOf(web)}`
    await fails(start(t, ['relay/health.ts', other]), 1, /is not the status page of a relay/)
    await fails(start(t, ['relay/health.ts', 'nonsense']), 1, /is not HOST:PORT/)
    await fails(start(t, ['relay/health.ts', 'off']), 1, /is off/)
    const nobody = `127.0.0.1:${await freePort()}`
    await fails(start(t, ['relay/health.ts', nobody]), 1, /does not answer/)
  })

  it('is asked by the health check where its configuration file has the status page', async (t) => {
    const home = scratchFolder(t)
    const probe = (yaml: string) => {
      writeFileSync(join(home, 'relay.yaml'), yaml)
      return start(t, ['relay/health.ts'], { env: { PARLEY_HOME: home, PARLEY_STATUS: '' } })
    }
    await fails(probe('status: off\n'), 1, /is off/)
    const nobody = `127.0.0.1:${await freePort()}`
    const notThere = new RegExp(`^${nobody} does not answer`)
    await fails(probe(`status: ${nobody}\n`), 1, notThere)
    // The relay runs on as it was configured before.
    await fails(probe(`lisen: []\nstatus: ${nobody}\n`), 1, notThere)
    await fails(probe('statsu: off\n'), 1, /line 1, is not known: did you mean "status"\?$/m)
  })

  it('refuses a status port in use before it serves, with one sentence and exit code 1', async (t) => {
    const port = await busyPort(t, '127.0.0.1')
    const busy = relay(t, ['--listen', LOOPBACK, '--status', `127.0.0.1:${port}`])
    const sentence = new RegExp(`127.0.0.1:${port} is in use.*--status HOST:PORT.*--status off`)
    await fails(busy.program, 1, sentence)
    await fails(relay(t, ['--status', 'here']).program, 2, /--status is not HOST:PORT or off/)
  })

  it('refuses a port in use with one sentence and exit code 1', async (t) => {
    const port = await busyPort(t, '127.0.0.1')
    const sentence = new RegExp(`port ${port} of 127.0.0.1 is in use by another program`)
    const busy = relay(t, ['--listen', `/ip4/127.0.0.1/tcp/${port}`])
    const json = relay(t, ['--json', '--listen', `/ip4/127.0.0.1/tcp/${port}`])
    await fails(busy.program, 1, sentence)
    assert.equal(await json.program.ended(), 1)
    assert.match(json.program.stdout, /^\{"event":"error","at":"[^"]+","code":"cannot-listen",/)
    const args = ['--no-json', '--listen', `/ip4/127.0.0.1/tcp/${port}`]
    await fails(relay(t, args, { PARLEY_JSON: '1' }).program, 1, sentence)
  })

  it('refuses an IPv6 port in use although IPv4 would do', async (t) => {
    const port = await busyPort(t, '::1').catch(() => undefined)
    if (port === undefined) {
      t.skip(EXCUSED.ipv6)
      return
    }
    const both = relay(t, ['--listen', LOOPBACK, '--listen', `/ip6/::1/tcp/${port}`])
    await fails(both.program, 1, new RegExp(`port ${port} of ::1 is in use`))
  })

  it('refuses to run twice with one key', async (t) => {
    const first = relay(t, ['--listen', LOOPBACK])
    await first.program.shows('stdout', BLOCK)
    const second = relay(t, ['--listen', LOOPBACK], { PARLEY_HOME: first.home })
    await fails(second.program, 1, /relay\.key is in use by another copy/)
  })

  it('refuses wrong usage with exit code 2, and trouble with the key file with 1', async (t) => {
    const home = scratchFolder(t)
    mkdirSync(join(home, 'd'))
    writeFileSync(join(home, 'd', 'relay.key'), 'not a key', { mode: 0o600 })
    const corrupt = relay(t, [], { PARLEY_HOME: join(home, 'd') })
    const cases: Array<Promise<void>> = [
      fails(relay(t, ['--listen', '/ip4/300.0.0.1/tcp/1']).program, 2, /--listen is malformed/),
      fails(relay(t, ['--lissten', LOOPBACK]).program, 2, /did you mean --listen\?/),
      fails(relay(t, ['--listen', '/ip4/7.7.7.7/tcp/1']).program, 1, /7\.7\.7\.7 is not on this/),
      fails(corrupt.program, 1, /does not hold a libp2p private key/)
    ]
    await Promise.all(cases)
    assert.equal(readFileSync(join(home, 'd', 'relay.key'), 'utf8'), 'not a key')
  })

  it('explains itself', async (t) => {
    const help = relay(t, ['--help']).program
    const version = relay(t, ['--version']).program
    assert.equal(await help.ended(), 0)
    assert.match(help.stdout, /^Usage: parley-relay \[OPTIONS\]\n/)
    for (const name of ['--listen', '--announce', '--identity', '--json', 'PARLEY_IDENTITY']) {
      assert.ok(help.stdout.includes(name), name)
    }
    assert.equal(await version.ended(), 0)
    assert.match(version.stdout, /^\d+\.\d+\.\d+\n$/)
  })
})
