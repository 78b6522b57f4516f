// Rendezvous between real nodes on loopback: who joins, leaves, moves, forges and breaks streams.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, it, type TestContext } from 'node:test'
import { generateKeyPair } from '@libp2p/crypto/keys'
import type { Connection, Libp2p, PrivateKey } from '@libp2p/interface'
import { tcp } from '@libp2p/tcp'
import { multiaddr } from '@multiformats/multiaddr'
import { rendezvousChannel } from '../../peer/discovery/channel.ts'
import {
  startDiscovery,
  type DiscoveryConfig,
  type RoomDiscovery
} from '../../peer/discovery/discovery.ts'
import { discover, register } from '../../peer/discovery/rendezvous-client.ts'
import type { RegistrationEvent } from '../../relay/rendezvous/answers.ts'
import { startRendezvousServer, type RendezvousOptions } from '../../relay/rendezvous/server.ts'
import { createNode } from '../../shared/node.ts'
import { sealRecord } from '../../shared/signed-record.ts'
import { RENDEZVOUS_PROTOCOL } from '../../shared/wire/rendezvous.ts'

const { signal } = new AbortController()
const ROOM = 'kitchen'

/** Values as they are told, and a wait for the first that fits: no sleeping for what should have come by then. */
class Log<T> {
  readonly all: T[] = []
  readonly #told = new EventTarget()

  add(value: T): void {
    this.all.push(value)
    this.#told.dispatchEvent(new Event('value'))
  }

  async first(fits: (value: T) => boolean, withinMs = 10_000): Promise<T> {
    const late = AbortSignal.timeout(withinMs)
    for (;;) {
      const value = this.all.find(fits)
      if (value !== undefined) return value
      await once(this.#told, 'value', { signal: late })
    }
  }
}

async function startNode(t: TestContext, key?: PrivateKey, port = 0): Promise<Libp2p> {
  const node = await createNode({
    privateKey: key ?? (await generateKeyPair('Ed25519')),
    listen: [`/ip4/127.0.0.1/tcp/${port}`],
    announce: [],
    transports: [tcp()],
    services: {},
    maxConnections: 100,
    maxInboundPerHostPerSecond: 100
  })
  await node.start()
  t.after(() => node.stop())
  return node
}

async function startServer(t: TestContext, options: Partial<RendezvousOptions> = {}) {
  const events = new Log<RegistrationEvent>()
  const node = await startNode(t)
  const onEvent = (event: RegistrationEvent): void => events.add(event)
  const server = await startRendezvousServer(node, { signal, onEvent, ...options })
  t.after(() => server[Symbol.asyncDispose]())
  return { node, server, events, address: node.getMultiaddrs() }
}

interface Told {
  what: 'peer' | 'gone' | 'error'
  who: string
  addresses: string[]
}

/** A peer in the room, and what it is told. `relay` may be changed while it runs. */
async function join(t: TestContext, relay: Connection, options: Partial<DiscoveryConfig> = {}) {
  const key = options.privateKey ?? (await generateKeyPair('Ed25519'))
  const told = new Log<Told>()
  const connections = { relay: relay as Connection | undefined }
  const discovery: RoomDiscovery = startDiscovery(
    {
      relay: () => connections.relay,
      room: ROOM,
      privateKey: key,
      addresses: () => [multiaddr('/ip4/192.0.2.1/tcp/4001')],
      onPeer: (peer, addresses) =>
        told.add({ what: 'peer', who: peer.toString(), addresses: addresses.map(String) }),
      onGone: (peer) => told.add({ what: 'gone', who: peer.toString(), addresses: [] }),
      onError: (error) => told.add({ what: 'error', who: error.message, addresses: [] }),
      ...options
    },
    { signal }
  )
  t.after(() => discovery[Symbol.asyncDispose]())
  return { key, told, connections, discovery }
}

async function dialing(t: TestContext, server: Libp2p) {
  const key = await generateKeyPair('Ed25519')
  const node = await startNode(t, key)
  const relay = await node.dial(server.getMultiaddrs())
  return { key, node, relay, id: node.peerId.toString() }
}

describe('rendezvous between nodes', () => {
  it('makes a peer known to one who is there already within two seconds, and the other way at once', async (t) => {
    const { node } = await startServer(t)
    const [a, b] = [await dialing(t, node), await dialing(t, node)]
    const ada = await join(t, a.relay, { privateKey: a.key })
    await ada.discovery.firstRound
    assert.deepEqual(ada.told.all, [])

    const bob = await join(t, b.relay, { privateKey: b.key })
    await bob.discovery.firstRound
    const addresses = ['/ip4/192.0.2.1/tcp/4001']
    assert.deepEqual(bob.told.all, [{ what: 'peer', who: a.id, addresses }])
    const news = await ada.told.first((each) => each.what === 'peer', 2000)
    assert.deepEqual(news, { what: 'peer', who: b.id, addresses })
  })

  it('asks everything on one stream, round after round', async (t) => {
    const { node } = await startServer(t)
    const a = await dialing(t, node)
    const { told, discovery } = await join(t, a.relay, {
      privateKey: a.key,
      pace: { intervalMs: 5 }
    })
    await discovery.firstRound
    const b = await dialing(t, node)
    await join(t, b.relay, { privateKey: b.key })
    await told.first((each) => each.who === b.id)
    const streams = a.relay.streams.filter((each) => each.protocol === RENDEZVOUS_PROTOCOL)
    assert.equal(streams.length, 1)
  })

  it('removes a peer whose connection is gone for the grace period, and the others are told', async (t) => {
    const { node, events } = await startServer(t, { registry: { graceMs: 50 } })
    const [a, b] = [await dialing(t, node), await dialing(t, node)]
    const pace = { intervalMs: 20, fullIntervalMs: 50 }
    const ada = await join(t, a.relay, { privateKey: a.key, pace, settleMs: 0 })
    const bob = await join(t, b.relay, { privateKey: b.key, pace })
    await Promise.all([ada.discovery.firstRound, bob.discovery.firstRound])
    await ada.told.first((each) => each.who === b.id)

    await b.node.stop()
    const removed = await events.first((each) => each.action === 'removed')
    assert.equal(removed.peer, b.id)
    assert.match(removed.reason ?? '', /^disconnected for/)
    await ada.told.first((each) => each.what === 'gone' && each.who === b.id)
  })

  it('removes a peer at once that leaves in good order', async (t) => {
    const { node, events, server } = await startServer(t)
    const a = await dialing(t, node)
    const { discovery } = await join(t, a.relay, { privateKey: a.key })
    await discovery.firstRound
    await discovery[Symbol.asyncDispose]()
    const removed = await events.first((each) => each.action === 'removed')
    assert.equal(removed.reason, 'unregistered')
    assert.equal(server.size, 0)
  })

  it('registers anew when addresses change, and the others are told', async (t) => {
    const { node } = await startServer(t)
    const [a, b] = [await dialing(t, node), await dialing(t, node)]
    let port = 1
    const ada = await join(t, a.relay, {
      privateKey: a.key,
      addresses: () => [multiaddr(`/ip4/192.0.2.1/tcp/${port}`)]
    })
    const bob = await join(t, b.relay, { privateKey: b.key, pace: { intervalMs: 20 } })
    await bob.told.first((each) => each.who === a.id)
    port = 2
    ada.discovery.refresh()
    await bob.told.first((each) => each.addresses[0] === '/ip4/192.0.2.1/tcp/2')
  })

  it('survives the relay: one error, a pause, and on with the next connection', async (t) => {
    const first = await startServer(t)
    const a = await dialing(t, first.node)
    const pace = { intervalMs: 20 }
    const { told, connections, discovery } = await join(t, a.relay, { privateKey: a.key, pace })
    await discovery.firstRound
    const closed = once(a.relay, 'close')
    await first.node.stop()
    await closed
    connections.relay = undefined

    const second = await startServer(t)
    const b = await dialing(t, second.node)
    const theirs = await join(t, b.relay, { privateKey: b.key, pace })
    await theirs.discovery.firstRound
    connections.relay = await a.node.dial(second.node.getMultiaddrs())
    await told.first((each) => each.what === 'peer' && each.who === b.id)
    await theirs.told.first((each) => each.what === 'peer' && each.who === a.id)
    assert.ok(told.all.filter((each) => each.what === 'error').length <= 1)
  })

  it('says so once when the relay does not offer rendezvous, and goes on asking', async (t) => {
    const silent = await startNode(t)
    const a = await dialing(t, silent)
    const pace = { intervalMs: 20 }
    const { told, discovery } = await join(t, a.relay, { privateKey: a.key, pace })
    await assert.rejects(discovery.firstRound, /it does not offer rendezvous/)
    assert.equal(told.all.length, 1)

    const server = await startRendezvousServer(silent, { signal, onEvent: () => undefined })
    t.after(() => server[Symbol.asyncDispose]())
    const b = await dialing(t, silent)
    await join(t, b.relay, { privateKey: b.key, pace })
    await told.first((each) => each.what === 'peer' && each.who === b.id)
    assert.equal(told.all.filter((each) => each.what === 'error').length, 1)
  })

  it('refuses a forged record, and the forger is in nobody’s listing', async (t) => {
    const { node, events, server } = await startServer(t)
    const [a, b] = [await dialing(t, node), await dialing(t, node)]
    const stolen = await sealRecord(a.key, {
      form: 'standard',
      addresses: [multiaddr('/ip4/192.0.2.66/tcp/1')],
      sequence: 1,
      signal
    })
    const channel = rendezvousChannel(b.relay)
    await assert.rejects(
      register(channel, { room: ROOM, record: stolen, signal }),
      /refused to register room "kitchen": invalid signed peer record \(signed by another peer\)/
    )
    const refused = await events.first((each) => each.action === 'refused')
    assert.equal(refused.peer, b.id)
    assert.equal(server.size, 0)
    const { found } = await discover(channel, { room: ROOM, signal })
    assert.deepEqual(found, [])
  })

  const ATTACKS: Record<string, Uint8Array> = {
    'a request of 2 GiB': Uint8Array.from([0xff, 0xff, 0xff, 0xff, 0x07]),
    'a truncated message': Uint8Array.from([4, 8, 0, 0x12, 0x7f]),
    'a stalled message': Uint8Array.from([100, 8, 0])
  }
  for (const [what, bytes] of Object.entries(ATTACKS)) {
    it(`goes on after ${what}`, async (t) => {
      const { node } = await startServer(t, { frames: { stallMs: 50 } })
      const [a, b] = [await dialing(t, node), await dialing(t, node)]
      const stream = await a.relay.newStream(RENDEZVOUS_PROTOCOL, { signal })
      const closed = once(stream, 'close')
      stream.send(bytes)
      await closed
      assert.equal(stream.status, 'reset')
      const channel = rendezvousChannel(b.relay)
      const { found } = await discover(channel, { room: ROOM, signal })
      assert.deepEqual(found, [])
      assert.equal(a.relay.status, 'open')
    })
  }

  it('resets streams beyond eight of a connection, and keeps the eight', async (t) => {
    const { node } = await startServer(t)
    const a = await dialing(t, node)
    const streams = await Promise.all(
      Array.from({ length: 9 }, () => a.relay.newStream(RENDEZVOUS_PROTOCOL, { signal }))
    )
    if (streams.every((each) => each.status === 'open')) {
      await Promise.race(streams.map((each) => once(each, 'close')))
    }
    assert.equal(streams.filter((each) => each.status === 'open').length, 8)
  })
})
