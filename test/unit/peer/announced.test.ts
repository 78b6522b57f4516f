// Names that a user announces: what others get to dial, and when it changes.
import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { startAnnounced, type Announced } from '../../../peer/announced.ts'
import { fakeClock, type FakeClock } from '../../support/fake-clock.ts'

const NAME = '/dns4/home.example/tcp/45678'
const PLAIN = '/ip4/192.0.2.7/tcp/45678'

class Scene {
  readonly clock: FakeClock
  readonly announced: Announced
  /** What the resolver says; none: that it does not know the name. */
  hosts: string[]
  /** In order. */
  readonly told: string[] = []

  constructor(t: TestContext, announce: string[], hosts: string[]) {
    this.clock = fakeClock(t)
    this.hosts = hosts
    this.announced = startAnnounced(
      {
        announce,
        onChange: () => this.told.push(this.addresses().join(' ')),
        onUnresolved: (name, why) => this.told.push(`${name}: ${why}`),
        resolve: async () => {
          if (this.hosts.length > 0) return this.hosts
          throw Object.assign(new Error('getaddrinfo'), { code: 'ENOTFOUND' })
        }
      },
      { signal: new AbortController().signal }
    )
    t.after(async () => this.announced[Symbol.asyncDispose]())
  }

  addresses(): string[] {
    return this.announced.addresses.map(String)
  }
}

describe('an address that the user announces', () => {
  it('is there at once, and no resolver is asked', async (t) => {
    const at = new Scene(t, [PLAIN], [])
    assert.deepEqual(at.addresses(), [PLAIN])
    await at.clock.pass(3_600_000, 60_000)
    assert.deepEqual(at.told, [])
  })

  it('by name is what the name leads to, and is told of as soon as that is known', async (t) => {
    const at = new Scene(t, [PLAIN, NAME], ['203.0.113.9', '203.0.113.5'])
    assert.deepEqual(at.addresses(), [PLAIN])
    await at.clock.settle()
    const [first, second] = ['/ip4/203.0.113.5/tcp/45678', '/ip4/203.0.113.9/tcp/45678']
    assert.deepEqual(at.addresses(), [PLAIN, first, second])
    assert.deepEqual(at.told, [[PLAIN, first, second].join(' ')])
  })

  it('by name follows it: every ten minutes, and when the network changes', async (t) => {
    const at = new Scene(t, [NAME], ['203.0.113.5'])
    await at.clock.settle()
    at.hosts = ['203.0.113.6']
    await at.clock.pass(9 * 60_000, 60_000)
    assert.deepEqual(at.addresses(), ['/ip4/203.0.113.5/tcp/45678'])
    await at.clock.pass(60_000, 60_000)
    assert.deepEqual(at.addresses(), ['/ip4/203.0.113.6/tcp/45678'])
    at.hosts = ['203.0.113.7']
    at.announced.consider()
    await at.clock.pass(1)
    assert.deepEqual(at.told, [
      '/ip4/203.0.113.5/tcp/45678',
      '/ip4/203.0.113.6/tcp/45678',
      '/ip4/203.0.113.7/tcp/45678'
    ])
    await at.clock.pass(3_600_000, 60_000)
    assert.equal(at.told.length, 3, 'what stays is no news')
  })

  it('by name that cannot be resolved is said once and tried again', async (t) => {
    const at = new Scene(t, [NAME], [])
    await at.clock.pass(120_000, 10_000)
    assert.deepEqual(at.told, ['home.example: ENOTFOUND'])
    at.hosts = ['203.0.113.5']
    await at.clock.pass(30_000, 10_000)
    assert.deepEqual(at.addresses(), ['/ip4/203.0.113.5/tcp/45678'])
    at.hosts = []
    at.announced.consider()
    await at.clock.pass(1)
    assert.deepEqual(at.addresses(), ['/ip4/203.0.113.5/tcp/45678'], 'until somebody knows better')
  })
})
