// When a port is asked for, what is made of the answers, and that it is given back.
import assert from 'node:assert/strict'
import { it, type TestContext } from 'node:test'
import { multiaddr, type Multiaddr } from '@multiformats/multiaddr'
import { GatewayError, type Forward, type Gateway } from '../../../../peer/port-mapping/gateway.ts'
import {
  startPortMapping,
  type MappingState,
  type PortMapping
} from '../../../../peer/port-mapping/port-mapping.ts'

const LISTENING = [multiaddr('/ip4/192.168.1.2/tcp/4001')]
const SEEN = multiaddr('/ip4/7.7.7.2/tcp/40417')

/** A router that does as it is told, and notes it. */
class FakeGateway implements Gateway {
  readonly method: Gateway['method'] = 'UPnP'
  readonly host = '192.168.1.1'
  localHost = '192.168.1.2'
  readonly asked: string[] = []
  /** What it answers with, now. */
  answer: () => Forward = () => ({
    externalHost: '7.7.7.2',
    externalPort: 4001,
    lifetimeSeconds: 1800
  })

  async map(port: number, lifetimeSeconds: number): Promise<Forward> {
    this.asked.push(`map ${port} for ${lifetimeSeconds} s`)
    return this.answer()
  }

  async unmap(port: number): Promise<void> {
    this.asked.push(`unmap ${port}`)
  }
}

class Scene {
  readonly states: MappingState[] = []
  readonly mapping: PortMapping
  mapped: Multiaddr[] = [SEEN]
  searches = 0

  constructor(test: TestContext, gateways: Gateway[]) {
    test.mock.timers.enable({ apis: ['setTimeout'] })
    this.mapping = startPortMapping(
      {
        mapped: () => this.mapped,
        listening: () => LISTENING,
        onState: (state) => this.states.push(state),
        find: async () => {
          this.searches += 1
          return gateways
        }
      },
      { signal: new AbortController().signal }
    )
  }

  get addresses(): string[] {
    return this.mapping.addresses.map(String)
  }
}

/** Everything that is under way without a timer has happened. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

it('has the router forward the port that we listen on, and gives it back at the end', async (test) => {
  const gateway = new FakeGateway()
  const scene = new Scene(test, [gateway])
  await settled()
  assert.deepEqual(scene.addresses, ['/ip4/7.7.7.2/tcp/4001'])
  assert.deepEqual(scene.states, [
    { state: 'mapped', method: 'UPnP', router: '192.168.1.1', address: '/ip4/7.7.7.2/tcp/4001' }
  ])
  await scene.mapping[Symbol.asyncDispose]()
  assert.deepEqual(gateway.asked, ['map 4001 for 1800 s', 'unmap 4001'])
  assert.deepEqual(scene.addresses, [])
})

it('asks nobody before a relay sees us behind a NAT, and asks once it does', async (test) => {
  const gateway = new FakeGateway()
  const scene = new Scene(test, [gateway])
  scene.mapped = []
  await settled()
  scene.mapped = [multiaddr('/ip4/192.168.1.2/tcp/4001')]
  scene.mapping.consider()
  await settled()
  scene.mapped = [SEEN]
  scene.mapping.consider()
  test.mock.timers.tick(0)
  await settled()
  assert.deepEqual([scene.searches, scene.addresses], [1, ['/ip4/7.7.7.2/tcp/4001']])
  await scene.mapping[Symbol.asyncDispose]()
})

it('renews at half of the lifetime, again and again', async (test) => {
  const gateway = new FakeGateway()
  const scene = new Scene(test, [gateway])
  await settled()
  for (let n = 2; n <= 4; n += 1) {
    test.mock.timers.tick(899_000)
    await settled()
    assert.equal(gateway.asked.length, n - 1)
    test.mock.timers.tick(1_000)
    await settled()
    assert.equal(gateway.asked.length, n)
  }
  assert.equal(scene.states.length, 1)
  await scene.mapping[Symbol.asyncDispose]()
})

it('a lifetime of no time or of for ever makes it ask no faster, and no slower', async (test) => {
  for (const [lifetimeSeconds, dueMs] of [
    [0, 30_000],
    [0xffffffff, 900_000]
  ] as const) {
    const gateway = new FakeGateway()
    gateway.answer = () => ({ externalHost: '7.7.7.2', externalPort: 4001, lifetimeSeconds })
    const scene = new Scene(test, [gateway])
    await settled()
    test.mock.timers.tick(dueMs - 1)
    await settled()
    assert.equal(gateway.asked.length, 1)
    test.mock.timers.tick(1)
    await settled()
    assert.equal(gateway.asked.length, 2)
    await scene.mapping[Symbol.asyncDispose]()
    test.mock.timers.reset()
  }
})

it('a router with another address than relays see gets its port back at once, and the next one is asked', async (test) => {
  const outer = new FakeGateway()
  outer.answer = () => ({ externalHost: '100.64.0.9', externalPort: 4001, lifetimeSeconds: 1800 })
  const scene = new Scene(test, [outer])
  await settled()
  assert.deepEqual(outer.asked, ['map 4001 for 1800 s', 'unmap 4001'])
  assert.deepEqual(scene.addresses, [])
  const [state] = scene.states
  assert.match(
    state?.state === 'none' ? state.reason : '',
    /192\.168\.1\.1 has the address 100\.64/
  )
  await scene.mapping[Symbol.asyncDispose]()
})

it('takes the first router that gives something of use', async (test) => {
  const refusing = new FakeGateway()
  refusing.answer = () => {
    throw new GatewayError('refuses to forward ports to this machine')
  }
  const elsewhere = new FakeGateway()
  elsewhere.localHost = '10.0.0.2'
  const good = new FakeGateway()
  const unused = new FakeGateway()
  const scene = new Scene(test, [refusing, elsewhere, good, unused])
  await settled()
  assert.deepEqual(scene.addresses, ['/ip4/7.7.7.2/tcp/4001'])
  assert.deepEqual([elsewhere.asked, unused.asked], [[], []])
  await scene.mapping[Symbol.asyncDispose]()
})

it('says once why there is none, and looks again after half an hour', async (test) => {
  const scene = new Scene(test, [])
  await settled()
  test.mock.timers.tick(1_800_000)
  await settled()
  assert.equal(scene.searches, 2)
  assert.deepEqual(scene.states, [
    { state: 'none', reason: 'no router here answers to PCP, NAT-PMP or UPnP' }
  ])
  await scene.mapping[Symbol.asyncDispose]()
})

it('a relay that sees us as before starts no search, another address does', async (test) => {
  const scene = new Scene(test, [])
  await settled()
  scene.mapping.consider()
  test.mock.timers.tick(0)
  await settled()
  assert.equal(scene.searches, 1)
  scene.mapped = [multiaddr('/ip4/7.7.7.9/tcp/40417')]
  scene.mapping.consider()
  test.mock.timers.tick(0)
  await settled()
  assert.equal(scene.searches, 2)
  await scene.mapping[Symbol.asyncDispose]()
})

it('a router that stops answering is asked three times more, and what it gave is no longer offered', async (test) => {
  const gateway = new FakeGateway()
  const scene = new Scene(test, [gateway])
  await settled()
  gateway.answer = () => {
    throw new GatewayError('does not answer')
  }
  for (const ms of [900_000, 20_000, 20_000]) {
    assert.equal(scene.states.length, 1)
    test.mock.timers.tick(ms)
    await settled()
  }
  assert.deepEqual(scene.states[1], {
    state: 'none',
    reason: 'the router at 192.168.1.1 no longer answers'
  })
  assert.deepEqual(scene.addresses, [])
  await scene.mapping[Symbol.asyncDispose]()
})

it('a port that comes when we have left already is given back', async (test) => {
  const gateway = new FakeGateway()
  const granted = Promise.withResolvers<Forward>()
  gateway.map = async (_port, _lifetime, signal?: AbortSignal) => {
    signal?.addEventListener('abort', () => granted.reject(signal.reason))
    return granted.promise
  }
  const scene = new Scene(test, [gateway])
  await settled()
  await scene.mapping[Symbol.asyncDispose]()
  assert.deepEqual(gateway.asked, ['unmap 4001'])
  assert.deepEqual(scene.states, [])
})
