// A place at a relay that is kept, renewed and found again, whatever the relay does.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import net from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import type { RelayStatus } from '../../peer/api.ts'
import { startRelayLink, type RelayLink } from '../../peer/reservations/relay-link.ts'
import { CircuitStatus, HOP_PROTOCOL } from '../../shared/wire/circuit.ts'
import { EventLog } from '../support/event-log.ts'
import { startBoundNode } from '../support/punchers.ts'
import { eventually } from '../support/eventually.ts'
import { stallingRelay, type StallingRelay } from '../support/stalling-relay.ts'

/** Granted in whole seconds, so that up to one is lost; of less than 2 s nobody would believe it. */
const LIFETIME_S = 4

interface Linked {
  link: RelayLink
  node: Awaited<ReturnType<typeof startBoundNode>>
  log: EventLog<RelayStatus>
  /** Resolves when it has been in that state so many times. */
  times(count: number, state: RelayStatus['state']): Promise<void>
}

async function linked(test: TestContext, relay: string): Promise<Linked> {
  const node = await startBoundNode()
  const log = new EventLog<RelayStatus>()
  const link = startRelayLink(
    { node: node.node, relay, onState: log.note },
    { signal: new AbortController().signal }
  )
  test.after(async () => {
    await link[Symbol.asyncDispose]()
    await node[Symbol.asyncDispose]()
  })
  const times: Linked['times'] = async (count, state) => {
    await log.until(() => log.events.filter((told) => told.state === state).length >= count)
  }
  return { link, node, log, times }
}

async function granting(test: TestContext, lifetimeSeconds: number): Promise<StallingRelay> {
  const relay = await stallingRelay('reserve')
  test.after(async () => relay[Symbol.asyncDispose]())
  relay.answer(CircuitStatus.OK, { lifetimeSeconds })
  return relay
}

async function asked(relay: StallingRelay, times: number, log: EventLog<string>): Promise<void> {
  const timer = setInterval(() => log.note(String(relay.count)), 20)
  try {
    await log.until(() => relay.count >= times)
  } finally {
    clearInterval(timer)
  }
}

const states = ({ log }: Linked): string[] => log.events.map(({ state }) => state)

describe('a reservation on a connection that stands', { concurrency: 4 }, () => {
  it('is renewed before it ends, without a word when nothing has changed', async (t) => {
    const relay = await granting(t, LIFETIME_S)
    const ann = await linked(t, relay.address.toString())
    await ann.link.ready
    const { connection } = ann.link
    const before = ann.link.status
    await asked(relay, 3, new EventLog())
    assert.equal(ann.link.connection, connection)
    assert.deepEqual(states(ann), ['connecting', 'reserved'])
    const open = connection?.streams.filter(({ protocol }) => protocol === HOP_PROTOCOL) ?? []
    assert.ok(open.length <= 1, 'the streams of the earlier ones have ended')
    assert.ok((ann.link.status.expiresAtMs ?? 0) > (before.expiresAtMs ?? 0))
    assert.equal(ann.link.status.sinceMs, before.sinceMs)
  })

  it('is renewed at once when it may have ended while the machine slept', async (t) => {
    const relay = await granting(t, 3_600)
    const ann = await linked(t, relay.address.toString())
    await ann.link.ready
    ann.link.renew()
    await asked(relay, 2, new EventLog())
    assert.deepEqual(states(ann), ['connecting', 'reserved'])
  })

  it('is asked for again when the relay has said that it stops, and is still there', async (t) => {
    const relay = await granting(t, 3_600)
    const ann = await linked(t, relay.address.toString())
    await ann.link.ready
    // It was to end almost as long ago as it is waited for.
    ann.link.leaving(-9_900)
    assert.equal(ann.link.circuit, undefined)
    await ann.times(2, 'reserved')
    assert.notEqual(ann.link.circuit, undefined)
  })

  it('is told again when the relay has other limits', async (t) => {
    const relay = await granting(t, LIFETIME_S)
    const ann = await linked(t, relay.address.toString())
    await ann.link.ready
    relay.answer(CircuitStatus.OK, { limit: { durationSeconds: 120, dataBytes: 4096 } })
    await ann.times(2, 'reserved')
    assert.deepEqual(ann.log.events.at(-1)?.limit, { seconds: 120, bytes: 4096 })
    assert.deepEqual(states(ann), ['connecting', 'reserved', 'reserved'])
  })

  it('holds until its end when it is not renewed, and is asked for again then', async (t) => {
    const relay = await granting(t, LIFETIME_S)
    const ann = await linked(t, relay.address.toString())
    await ann.link.ready
    const { connection } = ann.link
    relay.answer(CircuitStatus.RESERVATION_REFUSED)
    await asked(relay, 2, new EventLog())
    assert.equal(ann.link.connection, connection, 'the old one stands')
    await ann.times(1, 'lost')
    assert.equal(ann.link.connection, undefined)
    assert.equal(
      ann.log.events.at(-1)?.reason,
      'the relay did not renew the reservation (RESERVATION_REFUSED)'
    )
    await ann.times(1, 'refused')
    relay.answer(CircuitStatus.OK)
    await ann.times(2, 'reserved')
    assert.equal(ann.link.connection, connection, 'the same connection')
  })

  it('survives a renewal that fails once', async (t) => {
    const relay = await granting(t, 5)
    const ann = await linked(t, relay.address.toString())
    await ann.link.ready
    relay.answer(CircuitStatus.RESOURCE_LIMIT_EXCEEDED)
    await asked(relay, 2, new EventLog())
    relay.answer(CircuitStatus.OK)
    await asked(relay, 4, new EventLog())
    assert.deepEqual(states(ann), ['connecting', 'reserved'])
  })

  it('that ends in the past makes no storm', async (t) => {
    const relay = await granting(t, -3600)
    const ann = await linked(t, relay.address.toString())
    await ann.link.ready
    const { connection } = ann.link
    // Whatever would follow at once has been written by the time that this has come back.
    await connection?.newStream('/ipfs/id/1.0.0')
    assert.equal(relay.count, 1)
    assert.ok((ann.link.status.expiresAtMs ?? 0) > Date.now())
  })
})

describe('a link to a relay', { concurrency: 4 }, () => {
  it('tries again when the relay drops the connection, and has a circuit address only meanwhile', async (t) => {
    const relay = await granting(t, 60)
    const ann = await linked(t, relay.address.toString())
    await ann.link.ready
    assert.equal(ann.link.circuit?.toString(), `${relay.address.toString()}/p2p-circuit`)
    for (const connection of relay.node.getConnections()) connection.abort(new Error('dropped'))
    await ann.times(1, 'lost')
    assert.equal(ann.link.circuit, undefined)
    assert.equal(ann.log.events.at(-1)?.reason, 'the connection to the relay closed')
    assert.ok((ann.link.status.retryAtMs ?? 0) > Date.now() - 1000)
    await ann.times(2, 'reserved')
  })

  it('has circuit addresses for others by what the relay says of itself, as long as it says so', async (t) => {
    const relay = await granting(t, 60)
    const peerId = relay.node.peerId.toString()
    const announced = `/dns4/relay.example.org/tcp/45678/p2p/${peerId}`
    relay.answer(CircuitStatus.OK, { announced: [announced] })
    const ann = await linked(t, relay.address.toString())
    assert.deepEqual(ann.link.circuits, [])
    await ann.link.ready
    const circuits = (): string[] => ann.link.circuits.map(String)
    const dialled = `${relay.address.toString()}/p2p-circuit`
    assert.deepEqual(circuits(), [`${announced}/p2p-circuit`, dialled])
    relay.answer(CircuitStatus.OK, { announced: [] })
    ann.link.renew()
    await eventually(circuits, (seen) => seen.join() === dialled)
  })

  it('takes whoever answers at an address without a peer id, and follows another one there', async (t) => {
    const first = await stallingRelay('reserve')
    first.answer(CircuitStatus.OK)
    const address = first.address.decapsulate('/p2p').toString()
    const ann = await linked(t, address)
    assert.deepEqual([ann.link.peerId, ann.log.events[0]?.relay], [undefined, undefined])
    await ann.link.ready
    assert.equal(ann.link.peerId, first.node.peerId.toString())
    assert.equal(ann.link.circuit?.toString(), `${first.address.toString()}/p2p-circuit`)
    await first[Symbol.asyncDispose]()
    await ann.times(1, 'lost')
    await using second = await stallingRelay('reserve', { listen: address })
    second.answer(CircuitStatus.OK)
    await ann.times(2, 'reserved')
    assert.equal(ann.link.peerId, second.node.peerId.toString())
    assert.equal(ann.log.events.at(-1)?.relay, second.node.peerId.toString())
    assert.equal(ann.link.circuit?.toString(), `${second.address.toString()}/p2p-circuit`)
  })

  it('does not take another identity than the one it was given, and goes on looking', async (t) => {
    const first = await stallingRelay('reserve')
    first.answer(CircuitStatus.OK)
    const ann = await linked(t, first.address.toString())
    await ann.link.ready
    await first[Symbol.asyncDispose]()
    await ann.times(1, 'lost')
    const listen = first.address.decapsulate('/p2p').toString()
    await using second = await stallingRelay('reserve', { listen })
    second.answer(CircuitStatus.OK)
    const other = await ann.log.first(({ reason }) => /another peer/.test(reason ?? ''))
    assert.match(other.reason ?? '', /or leave out its \/p2p\/…/)
    await ann.times(4, 'lost')
    assert.equal(second.count, 0)
  })

  it('takes a peer that is no relay now and is one later', async (t) => {
    const relay = await granting(t, 60)
    await relay.pretend('no relay')
    const ann = await linked(t, relay.address.toString())
    const lost = await ann.log.first(({ state }) => state === 'lost')
    assert.match(lost.reason ?? '', /is no relay/)
    await relay.pretend('a relay')
    await ann.link.ready
  })

  it('takes a relay that answers with garbage first', async (t) => {
    const relay = await granting(t, 60)
    await relay.pretend('garbage')
    const ann = await linked(t, relay.address.toString())
    const lost = await ann.log.first(({ state }) => state === 'lost')
    assert.match(lost.reason ?? '', /nobody can read/)
    await relay.pretend('a relay')
    await ann.link.ready
  })

  it('leaves no listeners behind, however often it reserves', async (t) => {
    const relay = await granting(t, 60)
    const ann = await linked(t, relay.address.toString())
    await ann.link.ready
    const listening = ann.node.transportManager.getListeners().length
    for (let times = 2; times <= 4; times += 1) {
      for (const connection of relay.node.getConnections()) connection.abort(new Error('dropped'))
      await ann.times(times, 'reserved')
    }
    assert.equal(ann.node.transportManager.getListeners().length, listening)
    assert.equal(ann.node.node.getConnections().length, 1)
  })

  it('stops at once while a relay does not answer', async (t) => {
    const relay = await stallingRelay('reserve')
    t.after(async () => relay[Symbol.asyncDispose]())
    const ann = await linked(t, relay.address.toString())
    await relay.asked
    await ann.link[Symbol.asyncDispose]()
    await assert.rejects(ann.link.ready, /the link to the relay stops/)
    assert.deepEqual(states(ann), ['connecting'])
  })
})

it('the pause before the next try ends when there is a hurry, unless the relay has refused', async (t) => {
  const relay = await granting(t, 60)
  const ann = await linked(t, relay.address.toString())
  await ann.link.ready
  relay.answer(CircuitStatus.PERMISSION_DENIED)
  for (const connection of relay.node.getConnections()) connection.abort(new Error('dropped'))
  await ann.times(1, 'lost')
  const asks = relay.count
  ann.link.hurry(0)
  await ann.times(1, 'refused')
  assert.equal(relay.count, asks + 1)
  ann.link.hurry(0)
  // Whatever would follow at once has been written by the time that this has come back.
  await ann.node.node.getConnections()[0]?.newStream('/ipfs/id/1.0.0')
  assert.equal(relay.count, asks + 1)
  assert.equal(states(ann).at(-1), 'refused')
})

it('a relay that is not there at the start is found when it comes', async (t) => {
  const server = net.createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const bound = server.address()
  assert.ok(bound !== null && typeof bound === 'object')
  server.close()
  await once(server, 'close')
  const listen = `/ip4/127.0.0.1/tcp/${bound.port}`
  const ann = await linked(t, listen)
  await ann.times(2, 'lost')
  await using relay = await stallingRelay('reserve', { listen })
  relay.answer(CircuitStatus.OK)
  await ann.link.ready
  assert.equal(ann.link.peerId, relay.node.peerId.toString())
})
