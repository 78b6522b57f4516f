// Relays that members name: which are dialled, how often, and how many at most.
import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import type { Connection, PeerId } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import {
  MAX_DIALS_AT_ONCE,
  MAX_FOREIGN_RELAYS,
  startForeignRelays,
  type ForeignRelays
} from '../../../../peer/circuits/foreign-relays.ts'
import { fakeClock, type FakeClock } from '../../../support/fake-clock.ts'
import { somebody } from '../../../support/somebody.ts'

const RELAYS = await Promise.all(
  Array.from({ length: MAX_FOREIGN_RELAYS + 1 }, async () => (await somebody()).toString())
)
const [RELAY = '', OTHER = ''] = RELAYS

interface FakeConnection {
  status: string
  remotePeer: string
  remoteAddr: ReturnType<typeof multiaddr>
  close: () => Promise<void>
}

class Scene {
  readonly clock: FakeClock
  readonly relays: ForeignRelays
  readonly dialled: string[] = []
  readonly connections: FakeConnection[] = []
  here = ['/ip4/198.51.100.1/tcp/1']
  own = new Set<string>()
  names: Record<string, string[]> = {}
  /** How dials end: with a connection, with an error, or not by themselves. */
  outcome: 'open' | 'refused' | 'silent' = 'open'

  constructor(test: TestContext) {
    this.clock = fakeClock(test)
    test.mock.method(Math, 'random', () => 0)
    this.relays = startForeignRelays(
      {
        // The one method of a node that it uses.
        node: Object.assign(Object.create(null), {
          getConnections: (peer?: PeerId) =>
            this.connections.filter(
              (each) => peer === undefined || each.remotePeer === peer.toString()
            )
        }),
        dial: async (address, signal) => this.#dial(address.toString(), signal),
        isOwn: (relay) => this.own.has(relay),
        here: () => this.here.map((text) => multiaddr(text)),
        resolve: async (host) => this.names[host] ?? []
      },
      { signal: new AbortController().signal }
    )
    test.after(async () => this.relays[Symbol.asyncDispose]())
  }

  async connect(where = '/ip4/8.8.8.8/tcp/1', relay = RELAY): Promise<boolean> {
    const circuit = multiaddr(`${where}/p2p/${relay}/p2p-circuit`)
    return this.relays.connect(circuit, new AbortController().signal).then(
      () => true,
      () => false
    )
  }

  open(address: string, remotePeer: string): FakeConnection {
    const connection: FakeConnection = {
      status: 'open',
      remotePeer,
      remoteAddr: multiaddr(address),
      close: async () => void this.connections.splice(this.connections.indexOf(connection), 1)
    }
    this.connections.push(connection)
    return connection
  }

  async #dial(address: string, signal: AbortSignal): Promise<Connection> {
    this.dialled.push(address)
    if (this.outcome === 'refused') throw new Error('ECONNREFUSED')
    if (this.outcome === 'silent') {
      await new Promise((_, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason), { once: true })
      })
    }
    return Object.assign(Object.create(null), this.open(address, address.split('/').at(-1) ?? ''))
  }
}

describe('relays that are not ours', () => {
  it('are dialled for the peer that is named, once for all who want them', async (t) => {
    const scene = new Scene(t)
    assert.deepEqual(await Promise.all([scene.connect(), scene.connect()]), [true, true])
    assert.equal(await scene.connect(), true)
    assert.deepEqual(scene.dialled, [`/ip4/8.8.8.8/tcp/1/p2p/${RELAY}`])
    assert.ok(scene.relays.has(RELAY) && !scene.relays.has(OTHER))
  })

  it('are not dialled when they are ours, or connected already', async (t) => {
    const scene = new Scene(t)
    scene.own.add(RELAY)
    scene.open(`/ip4/8.8.4.4/tcp/1/p2p/${OTHER}`, OTHER)
    assert.deepEqual([await scene.connect(), await scene.connect(undefined, OTHER)], [true, true])
    assert.deepEqual(scene.dialled, [])
  })

  for (const where of [
    '/ip4/127.0.0.1/tcp/22',
    '/ip4/10.1.2.3/tcp/80',
    '/ip4/192.168.1.1/tcp/80',
    '/ip4/169.254.169.254/tcp/80',
    '/ip6/::1/tcp/22',
    '/ip6/::ffff:127.0.0.1/tcp/22',
    '/ip4/0.0.0.0/tcp/22',
    '/ip4/8.8.8.8/tcp/0',
    '/dns4/inside.example/tcp/80',
    '/dns4/unknown.example/tcp/80'
  ]) {
    it(`are not dialled at ${where}`, async (t) => {
      const scene = new Scene(t)
      scene.names = { 'inside.example': ['10.1.2.3', '127.0.0.1'] }
      assert.equal(await scene.connect(where), false)
      assert.deepEqual(scene.dialled, [])
    })
  }

  it('are dialled on networks that we are on, and where a name leads outside', async (t) => {
    const scene = new Scene(t)
    scene.here = ['/ip4/10.1.2.99/tcp/1', '/ip4/127.0.0.1/tcp/1']
    scene.names = { 'relay.example': ['10.1.3.3', '8.8.8.8', '2001:4860::1'] }
    const there = ['/ip4/10.1.2.3/tcp/1', '/ip4/127.0.0.1/tcp/2', '/dns4/relay.example/tcp/3']
    for (const [i, where] of there.entries()) {
      assert.equal(await scene.connect(where, RELAYS[i]), true)
    }
    assert.deepEqual(
      scene.dialled.map((address) => address.split('/p2p/')[0]),
      ['/ip4/10.1.2.3/tcp/1', '/ip4/127.0.0.1/tcp/2', '/ip4/8.8.8.8/tcp/3']
    )
  })

  it('that fail are left alone for longer and longer, whoever names them as whatever', async (t) => {
    const scene = new Scene(t)
    scene.outcome = 'refused'
    const times: number[] = []
    for (let i = 0; i < 100; i++) {
      const before = scene.dialled.length
      await scene.connect(undefined, RELAYS[i % 2])
      if (scene.dialled.length > before) times.push(scene.clock.nowMs)
      await scene.clock.pass(100, 100)
    }
    assert.deepEqual(
      times.map((ms) => Math.round((ms - (times[0] ?? 0)) / 1000)),
      [0, 1, 3, 7]
    )
  })

  it('are dialled four at once', async (t) => {
    const scene = new Scene(t)
    scene.outcome = 'silent'
    const tries = RELAYS.map(async (relay, i) => scene.connect(`/ip4/8.8.8.${i}/tcp/1`, relay))
    await scene.clock.pass(10)
    assert.equal(scene.dialled.length, MAX_DIALS_AT_ONCE)
    await scene.clock.pass(10_000, 1_000)
    assert.ok((await Promise.all(tries)).every((connected) => !connected))
  })

  it('are sixteen in all, and one that is not used makes place', async (t) => {
    const scene = new Scene(t)
    const results: boolean[] = []
    for (const [i, relay] of RELAYS.entries()) {
      results.push(await scene.connect(`/ip4/8.8.8.${i}/tcp/1`, relay))
    }
    assert.equal(results.indexOf(false), MAX_FOREIGN_RELAYS)
    scene.open(`/ip4/8.8.8.0/tcp/1/p2p/${RELAY}/p2p-circuit/p2p/${OTHER}`, OTHER)
    await scene.clock.pass(40_000, 1_000)
    assert.ok(scene.relays.has(RELAY), 'a circuit goes through it')
    assert.ok(!scene.relays.has(OTHER))
    assert.deepEqual(
      scene.connections.map(({ remoteAddr }) => remoteAddr.toString().split('/').length),
      [7, 10],
      'the relay and its circuit'
    )
  })

  it('stay connected when they have become ours', async (t) => {
    const scene = new Scene(t)
    await scene.connect()
    scene.own.add(RELAY)
    await scene.clock.pass(40_000, 1_000)
    assert.equal(scene.connections.length, 1)
  })
})
