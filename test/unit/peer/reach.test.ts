// When a member of the room is dialled, by which ways, and when again; without a network and with the clock in hand.
import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import type { Connection } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { startReach, type Reach } from '../../../peer/reach.ts'
import { fakeClock, type FakeClock } from '../../support/fake-clock.ts'

/** In the order of their ids. */
const ANN = '12D3KooWEHUQf4tPKh6TeSX5WdAhMP5xmtLXQDAeWrfUW8TLKvvv'
const BEN = '12D3KooWJWoaqZhDaoEFshF7Rh1bpY9ohihFhzcW6d69Lr2NASuq'
const RELAY = `/ip4/7.7.7.9/tcp/1/p2p/${BEN}/p2p-circuit`
const OTHER_RELAY = `/ip4/7.7.7.8/tcp/1/p2p/${ANN}/p2p-circuit`
const PUBLIC = '/ip4/7.7.7.2/tcp/4001'

class Scene {
  readonly clock: FakeClock
  readonly reach: Reach
  readonly controller = new AbortController()
  readonly dialled: Array<[number, string]> = []
  addresses = [PUBLIC]
  circuits = [RELAY]
  members = new Set([ANN, BEN])
  connected = new Set<string>()
  /** Whether the circuits that are dialled open. */
  open = false
  /** How long connections live that are lost. */
  livedMs = 60_000
  readonly #node = new EventTarget()

  constructor(test: TestContext, selfId: string) {
    this.clock = fakeClock(test)
    test.mock.method(Math, 'random', () => 0)
    const node = Object.assign(this.#node, {
      getConnections: (peer: unknown) =>
        this.connected.has(String(peer)) ? [this.#connection(String(peer))] : []
    })
    this.reach = startReach(
      {
        // The three methods of a node that it uses.
        node: Object.assign(Object.create(null), {
          getConnections: node.getConnections,
          addEventListener: this.#node.addEventListener.bind(this.#node),
          removeEventListener: this.#node.removeEventListener.bind(this.#node)
        }),
        isMember: (peer) => this.members.has(peer),
        addresses: () => this.addresses.map((text) => multiaddr(text)),
        circuits: () => this.circuits.map((text) => multiaddr(text)),
        dialCircuit: async (address) => {
          this.dialled.push([this.clock.nowMs, address.toString()])
          if (!this.open) throw new Error('NO_RESERVATION')
          this.connected.add(address.toString().split('/').at(-1) ?? '')
          return this.#connection('')
        },
        dialReachable: async (_peer, offered) => {
          this.dialled.push([this.clock.nowMs, offered.join()])
        }
      },
      { selfId, signal: this.controller.signal }
    )
  }

  /** What was dialled. */
  get to(): string[] {
    return this.dialled.map(([, to]) => to)
  }

  /** When a circuit was dialled. */
  get timesMs(): number[] {
    return this.dialled.filter(([, to]) => to.includes('p2p-circuit')).map(([ms]) => ms)
  }

  loses(peer: string): void {
    this.connected.delete(peer)
    const detail = this.#connection(peer)
    this.#node.dispatchEvent(new CustomEvent('connection:close', { detail }))
  }

  #connection(peer: string): Connection {
    const timeline = { open: Date.now() - this.livedMs }
    return Object.assign(Object.create(null), { status: 'open', remotePeer: peer, timeline })
  }
}

describe('reaching a member', () => {
  it('dials what may be reachable, and the circuit a moment later', async (t) => {
    const scene = new Scene(t, ANN)
    scene.addresses = [PUBLIC, `${RELAY}/p2p/${BEN}`]
    scene.reach.reach(BEN)
    await scene.clock.pass(10)
    assert.deepEqual(scene.to, [PUBLIC])
    await scene.clock.pass(20, 10)
    assert.deepEqual(scene.to, [PUBLIC, `${RELAY}/p2p/${BEN}`])
  })

  it('needs no circuit where an address answers at once', async (t) => {
    const scene = new Scene(t, ANN)
    scene.reach.reach(BEN)
    await scene.clock.pass(10)
    scene.connected.add(BEN)
    await scene.clock.pass(60_000, 1_000)
    assert.deepEqual(scene.to, [PUBLIC])
  })

  it('gives a newcomer time to dial first, and then does not', async (t) => {
    const scene = new Scene(t, ANN)
    scene.reach.reach(BEN, { afterMs: 2_000 })
    await scene.clock.pass(1_900, 100)
    assert.deepEqual(scene.dialled, [])
    scene.connected.add(BEN)
    await scene.clock.pass(60_000, 1_000)
    assert.deepEqual(scene.dialled, [])
  })

  it('dials again with longer and longer pauses until it is connected', async (t) => {
    const scene = new Scene(t, ANN)
    scene.reach.reach(BEN)
    await scene.clock.pass(8_000, 100)
    const [first = NaN, ...more] = scene.timesMs
    assert.deepEqual(
      more.map((ms) => Math.round((ms - first) / 1_000)),
      [1, 3, 7]
    )
    scene.open = true
    await scene.clock.pass(60_000, 1_000)
    assert.equal(scene.timesMs.length, 5)
  })

  it('hurries up at news of it', async (t) => {
    const scene = new Scene(t, ANN)
    scene.reach.reach(BEN)
    await scene.clock.pass(8_000, 100)
    const before = scene.timesMs.length
    scene.reach.reach(BEN)
    await scene.clock.pass(100, 10)
    assert.equal(scene.timesMs.length, before + 1, 'the next pause would have been 8 s')
  })

  it('is not tried twice at once', async (t) => {
    const scene = new Scene(t, ANN)
    for (const afterMs of [0, 0, 2_000]) scene.reach.reach(BEN, { afterMs })
    await scene.clock.pass(30, 10)
    assert.equal(scene.timesMs.length, 1)
  })

  it('never goes by way of a relay that only the member names: it could be anything, anywhere', async (t) => {
    const scene = new Scene(t, ANN)
    scene.addresses = [OTHER_RELAY, `/ip4/127.0.0.1/tcp/22/p2p/${ANN}/p2p-circuit`]
    scene.reach.reach(BEN)
    await scene.clock.pass(60_000, 1_000)
    const circuits = new Set(
      scene.dialled.map(([, to]) => to).filter((to) => to.includes('p2p-circuit'))
    )
    assert.deepEqual([...circuits], [`${RELAY}/p2p/${BEN}`])
  })

  it('does not knock for ever at addresses that do not answer, and goes on with the circuit', async (t) => {
    const scene = new Scene(t, ANN)
    scene.addresses = [PUBLIC]
    scene.reach.reach(BEN)
    await scene.clock.pass(300_000, 1_000)
    assert.equal(scene.dialled.filter(([, to]) => to === PUBLIC).length, 4)
    assert.ok(scene.timesMs.length > 8)
  })

  it('begins anew when the last connection closes, at the one with the smaller id first', async (t) => {
    const scene = new Scene(t, ANN)
    scene.loses(BEN)
    await scene.clock.pass(30, 10)
    assert.equal(scene.timesMs.length, 1)
  })

  it('begins anew a second later at the one with the larger id', async (t) => {
    const scene = new Scene(t, BEN)
    scene.loses(ANN)
    await scene.clock.pass(900, 100)
    assert.equal(scene.timesMs.length, 0)
    await scene.clock.pass(200, 100)
    assert.equal(scene.timesMs.length, 1)
  })

  it('does not begin for someone who is not in the room, or who is still connected', async (t) => {
    const scene = new Scene(t, ANN)
    scene.members.clear()
    scene.loses(BEN)
    scene.members.add(BEN)
    scene.reach.reach(BEN)
    await scene.clock.pass(30, 10)
    const before = scene.timesMs.length
    scene.members.delete(BEN)
    await scene.clock.pass(60_000, 1_000)
    assert.deepEqual([before, scene.timesMs.length], [1, 1])
  })

  it('ends with its signal or when it is disposed, whatever is under way', async (t) => {
    const scene = new Scene(t, ANN)
    scene.reach.reach(BEN, { afterMs: 2_000 })
    await scene.reach[Symbol.asyncDispose]()
    scene.reach.reach(BEN)
    scene.loses(BEN)
    await scene.clock.pass(5_000, 100)
    assert.deepEqual(scene.dialled, [])
  })

  it('gives a member that closes every connection longer and longer, and dials what it names ever less', async (t) => {
    const scene = new Scene(t, ANN)
    scene.open = true
    scene.livedMs = 20
    scene.reach.reach(BEN)
    for (let times = 0; times < 3_000; times += 1) {
      await scene.clock.pass(20, 10)
      if (scene.connected.has(BEN)) scene.loses(BEN)
      // As if it registered anew all the time.
      scene.reach.reach(BEN)
    }
    assert.ok(scene.timesMs.length <= 10, `${scene.timesMs.length} circuits in a minute`)
    const direct = scene.dialled.filter(([, to]) => to === PUBLIC)
    assert.ok(direct.length <= 12, `${direct.length} direct dials in a minute`)
  })
})
