// Peers that abuse the exchange of a punch: they are refused with a reason, and the others still get through.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import net from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import type { Connection, Libp2p, Stream } from '@libp2p/interface'
import { lpStream } from '@libp2p/utils'
import { multiaddr } from '@multiformats/multiaddr'
import { MAX_ROUNDS_PER_MINUTE } from '../../peer/traversal/round-budget.ts'
import { DCUTR_PROTOCOL, decodeDcutr, encodeDcutr } from '../../shared/wire/dcutr.ts'
import { EventLog } from '../support/event-log.ts'
import { eventually } from '../support/eventually.ts'
import {
  becomesDirect,
  dialThrough,
  patience,
  startPuncher,
  type Puncher
} from '../support/punchers.ts'
import { relayScene, type RelayScene } from '../support/relay-scene.ts'

const bytesOf = (...addresses: string[]): Uint8Array[] =>
  addresses.map((address) => multiaddr(address).bytes)
const connect = (...addresses: string[]): Uint8Array =>
  encodeDcutr({ type: 'connect', addresses: bytesOf(...addresses) })
const SYNC = encodeDcutr({ type: 'sync' })

interface Meeting extends AsyncDisposable {
  scene: RelayScene
  ann: Puncher
  mallory: Libp2p
  /** Mallory's end of the circuit that ann dialled, so that mallory is the one to start. */
  circuit: Connection
}

async function meeting(): Promise<Meeting> {
  await using stack = new AsyncDisposableStack()
  const scene = stack.use(await relayScene())
  const ann = stack.use(await startPuncher(scene.address))
  const mallory = await scene.peer({ reserve: true })
  await scene.event('reservation', { peer: mallory.peerId.toString(), action: 'granted' })
  const opened = new EventLog<Connection>()
  mallory.addEventListener('connection:open', ({ detail }) => opened.note(detail))
  await dialThrough(scene.address, ann, mallory.peerId.toString())
  const circuit = await opened.first(({ remotePeer }) => remotePeer.equals(ann.node.peerId))
  const all = stack.move()
  return { scene, ann, mallory, circuit, [Symbol.asyncDispose]: async () => all.disposeAsync() }
}

const open = async (circuit: Connection): Promise<Stream> =>
  circuit.newStream(DCUTR_PROTOCOL, { runOnLimitedConnection: true, signal: patience() })

/** Resolves when the other side has thrown the stream away. */
async function thrownAway(stream: Stream): Promise<void> {
  if (stream.status === 'open') await once(stream, 'close', { signal: patience() })
  assert.equal(stream.status, 'reset')
}

/** An honest peer gets through to the one that was attacked. */
async function othersGetThrough({ scene, ann }: Meeting): Promise<void> {
  await using honest = await startPuncher(scene.address)
  await dialThrough(scene.address, honest, ann)
  await Promise.all([becomesDirect(honest, ann), becomesDirect(ann, honest)])
}

const reasonOf = async ({ ann, mallory }: Meeting): Promise<string | undefined> =>
  (await ann.rounds.first(({ peer }) => peer === mallory.peerId.toString())).reason

describe('a peer that abuses the exchange of a punch', () => {
  for (const { what, frames, reason } of [
    {
      what: 'hundreds of addresses',
      frames: [connect(...Array.from({ length: 250 }, (_, n) => `/ip4/7.7.7.${n + 1}/tcp/80`))],
      reason: /failed to read CONNECT: a message with 250 addresses, the limit is 64/
    },
    {
      what: 'SYNC first',
      frames: [SYNC],
      reason: /failed to read CONNECT: the other side sent SYNC where CONNECT belongs/
    },
    {
      what: 'CONNECT twice',
      frames: [connect(), connect()],
      reason: /failed to read SYNC: the other side sent CONNECT where SYNC belongs/
    },
    {
      what: 'a message that breaks off',
      frames: [connect('/ip4/7.7.7.7/tcp/80').subarray(0, 5)],
      reason: /failed to read CONNECT: a message that ends in the middle of a field/
    },
    {
      what: 'a message of another type',
      frames: [Uint8Array.of(8, 7)],
      reason: /failed to read CONNECT: a message of unknown type 7/
    },
    {
      what: 'a frame larger than the protocol has',
      frames: [new Uint8Array(8_000)],
      reason: /failed to read CONNECT: /
    }
  ]) {
    it(`is refused with a reason when it sends ${what}`, async () => {
      await using all = await meeting()
      const stream = await open(all.circuit)
      const messages = lpStream(stream)
      for (const frame of frames) await messages.write(frame, { signal: patience() })
      await thrownAway(stream)
      assert.match((await reasonOf(all)) ?? '', reason)
      await othersGetThrough(all)
    })
  }

  it('is not followed to loopback, multicast or names, and that is said', async () => {
    await using all = await meeting()
    // As behind any NAT: the relay sees another address than loopback.
    all.ann.own = () => ({
      mapped: [multiaddr('/ip4/7.7.7.1/tcp/4001')],
      announced: [],
      listening: []
    })
    const messages = lpStream(await open(all.circuit))
    await messages.write(
      connect('/ip4/127.0.0.1/tcp/25', '/ip4/224.0.0.1/tcp/80', '/dns4/victim.example/tcp/80'),
      { signal: patience() }
    )
    const answer = decodeDcutr((await messages.read({ signal: patience() })).subarray())
    assert.deepEqual(answer, { type: 'connect', addresses: bytesOf('/ip4/7.7.7.1/tcp/4001') })
    await messages.write(SYNC, { signal: patience() })
    assert.equal(
      await reasonOf(all),
      'the other one offered no address that may be dialled (/ip4/127.0.0.1/tcp/25: loopback; /ip4/224.0.0.1/tcp/80: multicast; /dns4/victim.example/tcp/80: a DNS name: it may lead anywhere)'
    )
  })

  it('reaches whoever is at the addresses with nothing but handshakes, and gets no connection', async (t) => {
    await using all = await meeting()
    const victim = await victimOf(t)
    const messages = lpStream(await open(all.circuit))
    await messages.write(connect(`/ip4/127.0.0.1/tcp/${victim.port}`), { signal: patience() })
    await messages.read({ signal: patience() })
    await messages.write(SYNC, { signal: patience() })
    assert.match((await reasonOf(all)) ?? '', /does not speak|let us in|answered/)
    assert.ok(victim.sockets() < 100, `${victim.sockets()} sockets in one round`)
    assert.equal(all.ann.node.getConnections(all.mallory.peerId).length, 1)
  })

  it('may stall: another one gets through meanwhile', async () => {
    await using all = await meeting()
    const stream = await open(all.circuit)
    await othersGetThrough(all)
    assert.equal(stream.status, 'open', 'it is still being waited for')
    stream.abort(new Error('enough'))
  })

  it('has one round at a time: the one before is over when it starts another', async (t) => {
    await using all = await meeting()
    const victim = await victimOf(t)
    const begin = async (): Promise<Stream> => {
      const stream = await open(all.circuit)
      const messages = lpStream(stream)
      await messages.write(connect(`/ip4/127.0.0.1/tcp/${victim.port}`), { signal: patience() })
      const answer = decodeDcutr((await messages.read({ signal: patience() })).subarray())
      assert.equal(answer.type, 'connect')
      return stream
    }
    const agreeing = await begin()
    const dialling = await begin()
    await thrownAway(agreeing)
    await lpStream(dialling).write(SYNC, { signal: patience() })
    await eventually(victim.sockets, (sockets) => sockets > 0)
    const last = await begin()
    assert.equal(last.status, 'open')
    last.abort(new Error('enough'))
  })

  it('has its rounds of a minute and not one more, on whatever connection', async () => {
    await using all = await meeting()
    for (let round = 1; round <= MAX_ROUNDS_PER_MINUTE; round += 1) {
      const stream = await open(all.circuit)
      const messages = lpStream(stream)
      await messages.write(connect(), { signal: patience() })
      await messages.read({ signal: patience() })
      await messages.write(SYNC, { signal: patience() })
      await stream.close({ signal: patience() })
      await all.ann.rounds.first(({ attempt }) => attempt === round)
    }
    await thrownAway(await open(all.circuit))
    assert.equal(all.ann.rounds.events.length, MAX_ROUNDS_PER_MINUTE)
    await othersGetThrough(all)
  })
})

/** Something that is no peer, and counts who knocks. */
async function victimOf(test: TestContext): Promise<{ port: number; sockets: () => number }> {
  let sockets = 0
  const server = net.createServer((socket) => {
    sockets += 1
    socket.on('error', () => undefined).end('220 mail.example ESMTP\r\n')
  })
  test.after(() => server.close())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  assert.ok(address !== null && typeof address === 'object')
  return { port: address.port, sockets: () => sockets }
}
