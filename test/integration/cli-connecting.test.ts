// `parley chat` on its way to the relay: left at any point, and what a person reads when there is no way.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import net from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { startRelay } from '../../relay/relay.ts'
import { CircuitStatus } from '../../shared/wire/circuit.ts'
import { RENDEZVOUS_PROTOCOL } from '../../shared/wire/rendezvous.ts'
import { start, type RunningProgram } from '../support/program.ts'
import { relayScene } from '../support/relay-scene.ts'
import { scratchFolder } from '../support/scratch.ts'
import { stallingRelay, type Stage } from '../support/stalling-relay.ts'

const SOMEBODY = '12D3KooWEHUQf4tPKh6TeSX5WdAhMP5xmtLXQDAeWrfUW8TLKvvv'

/** Each stage would give up by itself after 10 s. */
const AT_ONCE_MS = 5_000

/** The lines of everybody who comes this far. */
const ON_THE_WAY =
  /^you are .+\nconnecting to the relay .+\n(?:the relay \S+ makes you reachable\n)?$/

interface Awaited {
  address: string
  /** Resolves when a peer waits there. */
  asked: Promise<unknown>
}

async function stuckAt(test: TestContext, stage: Stage | 'dial'): Promise<Awaited> {
  if (stage === 'dial') return silentServer(test)
  const relay = await stallingRelay(stage)
  test.after(async () => relay[Symbol.asyncDispose]())
  return { address: relay.address.toString(), asked: relay.asked }
}

async function silentServer(test: TestContext): Promise<Awaited> {
  const server = net.createServer((socket) => void socket.on('error', () => {}).resume())
  test.after(() => server.close())
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const address = server.address()
  assert.ok(address !== null && typeof address === 'object')
  return {
    address: `/ip4/127.0.0.1/tcp/${address.port}/p2p/${SOMEBODY}`,
    asked: once(server, 'connection')
  }
}

function chat(test: TestContext, relays: string[], args: string[] = []): RunningProgram {
  const named = relays.flatMap((relay) => ['--relay', relay])
  const listen = ['--listen', '/ip4/127.0.0.1/tcp/0']
  return start(test, ['peer/main.ts', 'chat', ...named, ...listen, ...args], {
    env: { PARLEY_HOME: scratchFolder(test) }
  })
}

const kinds = ({ stdout }: RunningProgram): string[] =>
  [...stdout.matchAll(/^\{"event":"(\w+)"/gm)].map(([, kind]) => kind ?? '')

async function leaves(program: RunningProgram): Promise<void> {
  const askedMs = performance.now()
  program.child.kill('SIGINT')
  assert.equal(await program.ended(), 0, program.stderr)
  assert.ok(performance.now() - askedMs < AT_ONCE_MS, 'at once')
}

describe('Ctrl-C on the way to the relay', { concurrency: 2 }, () => {
  for (const stage of ['dial', 'identify', 'reserve', 'rendezvous'] as const) {
    it(`is no failure while it does not answer: ${stage}`, async (test) => {
      const { address, asked } = await stuckAt(test, stage)
      const program = chat(test, [address])
      await asked
      await leaves(program)
      assert.match(program.stderr, ON_THE_WAY)
      assert.equal(program.stdout, '')
    })
  }

  it('is no failure of another relay either, nor an event', async (test) => {
    const [gone, { address, asked }] = [
      `/ip4/127.0.0.1/tcp/1/p2p/${SOMEBODY}`,
      await stuckAt(test, 'rendezvous')
    ]
    const program = chat(test, [gone, address], ['--json'])
    await program.shows('stdout', /"state":"lost"/)
    await asked
    await leaves(program)
    assert.equal(program.stderr, '')
    assert.ok(!kinds(program).includes('error'))
    assert.equal(kinds(program).at(-1), 'stopped')
  })
})

describe('a reader that has enough on the way to the relay', () => {
  it('ends the program, and that is no failure', async (test) => {
    await using relay = await stallingRelay('reserve')
    const program = chat(test, [relay.address.toString()], ['--json'])
    await relay.asked
    await program.shows('stdout', /"started"/)
    program.child.stdout.destroy()
    relay.answer(CircuitStatus.OK)
    assert.equal(await program.ended(), 0)
    assert.equal(program.stderr, '')
  })
})

describe('a relay that cannot be used', { concurrency: 3 }, () => {
  const gone = `/ip4/127.0.0.1/tcp/1/p2p/${SOMEBODY}`

  it('is told once, and not as lost, and the program runs on', async (test) => {
    const program = chat(test, [gone], ['--verbose'])
    // The second try.
    await program.shows('stderr', /(?:connecting to the relay [^]+){2}/)
    const told = program.stderr.match(/nothing listens at .+: is the relay running, .+\n/g) ?? []
    assert.ok(told[0]?.endsWith(' (trying again)\n'), program.stderr)
    assert.doesNotMatch(program.stderr, /lost/)
    await leaves(program)
  })

  it('is asked about in /peers', async (test) => {
    const program = chat(test, [gone])
    await program.shows('stderr', /trying again/)
    program.child.stdin.write('/peers\n')
    await program.shows(
      'stderr',
      /nobody else is in the room yet\nrelay +state +for +address\n.+\n/
    )
    assert.match(
      program.stderr,
      /\n\S+ +(?:lost|connecting) +\d s +\/ip4\/127\.0\.0\.1\/tcp\/1\/p2p/
    )
    await leaves(program)
  })

  it('fails a pipe that has ended without a word at once, with --json too', async (test) => {
    const [plain, json] = [chat(test, [gone]), chat(test, [gone], ['--json'])]
    plain.child.stdin.end()
    json.child.stdin.end()
    assert.deepEqual([await plain.ended(), await json.ended()], [1, 1])
    assert.match(
      plain.stderr,
      /^you are .+\nconnecting to the relay .+\nnothing listens at .+\nno relay has let us into the room: .+\n$/
    )
    assert.equal(kinds(json).filter((kind) => kind === 'error').length, 1)
  })

  it('is told once when it cannot say who is in the room, with --json too', async (test) => {
    await using relay = await stallingRelay('rendezvous')
    await relay.node.unhandle(RENDEZVOUS_PROTOCOL)
    const address = relay.address.toString()
    const [plain, json] = [chat(test, [address]), chat(test, [address], ['--json'])]
    await Promise.all([
      plain.shows('stderr', /could not be asked/),
      json.shows('stdout', /"rendezvous"/)
    ])
    plain.child.stdin.end()
    json.child.stdin.end()
    assert.deepEqual([await plain.ended(), await json.ended()], [1, 1])
    assert.match(
      plain.stderr,
      /^.+\n.+\nthe relay \S+ makes you reachable\nthe relay .+\nno relay has let us .+\n$/
    )
    assert.equal(json.stdout.match(/"code":"rendezvous"/g)?.length, 1)
  })

  it('is told beside another one that has let us in, and not as lost', async (test) => {
    await using scene = await relayScene()
    const program = chat(test, [gone, scene.address.toString()])
    await program.shows('stderr', /nothing listens at/)
    await program.shows('stderr', /makes you reachable/)
    assert.doesNotMatch(program.stderr, /lost/)
    await leaves(program)
  })

  it('and comes later brings those together who have waited for it', async (test) => {
    const privateKey = await generateKeyPair('Ed25519')
    const { signal } = new AbortController()
    const config = { privateKey, listen: ['/ip4/127.0.0.1/tcp/0'], announce: [] }
    const first = await startRelay(config, { signal })
    const address = first.addresses[0] ?? ''
    await first[Symbol.asyncDispose]()
    const [ann, ben] = [chat(test, [address]), chat(test, [address])]
    await Promise.all([ann, ben].map(async (each) => each.shows('stderr', /trying again/)))
    const listen = [address.replace(/\/p2p\/.*/v, '')]
    const second = await startRelay({ ...config, listen }, { signal })
    test.after(async () => second[Symbol.asyncDispose]())
    await Promise.all([ann, ben].map(async (each) => each.shows('stderr', /is in the room/)))
    ben.child.stdin.write('hello\n')
    await ann.shows('stdout', /: hello\n/)
  })
})
