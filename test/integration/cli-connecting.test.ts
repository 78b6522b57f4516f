// `parley chat` on its way to the relay: left at any point, and what a person reads when there is no way.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import net from 'node:net'
import { describe, it, type TestContext } from 'node:test'
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

describe('a relay that cannot be used', { concurrency: 2 }, () => {
  it('is told once, as the last line, and not as lost', async (test) => {
    const gone = `/ip4/127.0.0.1/tcp/1/p2p/${SOMEBODY}`
    const program = chat(test, [gone])
    assert.equal(await program.ended(), 1)
    assert.match(
      program.stderr,
      /^you are .+\nconnecting to the relay .+\nnothing listens at .+: is the relay running, .+\n$/
    )
  })

  it('is told once when it cannot say who is in the room, with --json too', async (test) => {
    await using relay = await stallingRelay('rendezvous')
    await relay.node.unhandle(RENDEZVOUS_PROTOCOL)
    const address = relay.address.toString()
    const [plain, json] = [chat(test, [address]), chat(test, [address], ['--json'])]
    assert.deepEqual([await plain.ended(), await json.ended()], [1, 1])
    assert.match(plain.stderr, /^.+\n.+\nthe relay \S+ makes you reachable\nthe relay .+\n$/)
    assert.equal(kinds(json).filter((kind) => kind === 'error').length, 1)
  })

  it('is told when another one has let us in, and not as lost', async (test) => {
    await using scene = await relayScene()
    const gone = `/ip4/127.0.0.1/tcp/1/p2p/${SOMEBODY}`
    const program = chat(test, [gone, scene.address.toString()])
    await program.shows('stderr', /nothing listens at/)
    assert.match(program.stderr, /makes you reachable\n(?:.+\n)*nothing listens at /)
    assert.doesNotMatch(program.stderr, /lost/)
    await leaves(program)
  })
})
