// How many sockets a punch may have, from what the system leaves.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  freeDescriptors,
  SHARE_WAIT_MS,
  SocketBudget,
  softLimit
} from '../../../../peer/traversal/socket-budget.ts'
import { fakeClock } from '../../../support/fake-clock.ts'
import { needs } from '../../../support/left-out.ts'

const free = (descriptors: number | undefined) => async (): Promise<number | undefined> =>
  descriptors

const running = { signal: new AbortController().signal }

/** As `/proc/self/limits` has it. */
const limits = (soft: string): string =>
  `Limit  Soft Limit  Hard Limit  Units\nMax open files            ${soft}                 4096                 files\n`

describe('the budget of sockets', () => {
  it('gives a punch what it asks for, where the system does', async () => {
    using grant = await new SocketBudget(free(Infinity)).take(1_536, running)
    assert.equal(grant.sockets, 1_536)
  })

  it('gives half of what is free beyond a reserve, and nothing when there is no more', async () => {
    using some = await new SocketBudget(free(1_024)).take(1_024, running)
    using none = await new SocketBudget(free(200)).take(1_024, running)
    assert.deepEqual([some.sockets, none.sockets], [384, 0])
  })

  it('is careful where the system does not tell', async (t) => {
    const clock = fakeClock(t)
    const budget = new SocketBudget(free(undefined))
    using grant = await budget.take(1_024, running)
    const next = budget.take(1_024, running)
    await clock.pass(SHARE_WAIT_MS, 10)
    assert.deepEqual([grant.sockets, (await next).sockets], [128, 0])
  })

  it('has an end over all punches together, and gets back what they leave, once', async (t) => {
    const clock = fakeClock(t)
    const budget = new SocketBudget(free(Infinity))
    const taken = Array.from({ length: 4 }, async () => budget.take(1_536, running))
    await clock.pass(SHARE_WAIT_MS, 10)
    const grants = await Promise.all(taken)
    assert.deepEqual(
      grants.map(({ sockets }) => sockets),
      [1_536, 1_536, 1_024, 0]
    )
    grants[2]?.[Symbol.dispose]()
    grants[2]?.[Symbol.dispose]()
    using next = await budget.take(1_024, running)
    assert.equal(next.sockets, 1_024)
    const none = budget.take(1_024, running)
    await clock.pass(SHARE_WAIT_MS, 10)
    assert.equal((await none).sockets, 0)
  })

  it('lets a whole room wait for what the plans of others leave, in the order of their coming', async (t) => {
    const clock = fakeClock(t)
    const budget = new SocketBudget(free(Infinity))
    const given: number[] = []
    const punches = Array.from({ length: 16 }, async (_, n) => {
      const grant = await budget.take(1_024, running)
      given.push(n)
      setTimeout(() => grant.shrink(32), SHARE_WAIT_MS / 10)
      return grant
    })
    await clock.pass(SHARE_WAIT_MS, 1)
    const grants = await Promise.all(punches)
    assert.deepEqual(given, [...punches.keys()])
    assert.ok(grants.every(({ sockets }) => sockets === 32))
  })

  it('lets nobody wait for long, nor longer than its signal', async (t) => {
    const clock = fakeClock(t)
    const budget = new SocketBudget(free(Infinity))
    using most = await budget.take(4_000, running)
    const leaving = new AbortController()
    const [late, left] = [running, leaving].map(async ({ signal }) =>
      budget.take(1_024, { signal })
    )
    await clock.settle()
    leaving.abort(new Error('the punch is over'))
    await assert.rejects(left!, /the punch is over/)
    await clock.pass(SHARE_WAIT_MS, 10)
    assert.deepEqual([most.sockets, (await late)?.sockets], [4_000, 96])
  })

  it('has enough for others once a punch keeps no more than it needs', async () => {
    const budget = new SocketBudget(free(Infinity))
    for (let n = 0; n < 20; n += 1) {
      const grant = await budget.take(1_024, running)
      assert.equal(grant.sockets, 1_024, `punch ${n + 1}`)
      grant.shrink(32)
      assert.equal(grant.sockets, 32)
      grant.shrink(64)
      assert.equal(grant.sockets, 32, 'what was given back is gone')
    }
  })

  it('knows whether other punches have what is missing, or the system gives no more', async (t) => {
    const clock = fakeClock(t)
    const busy = new SocketBudget(free(Infinity))
    using all = await busy.take(4_096, running)
    const waits = busy.take(1_024, running)
    await clock.pass(SHARE_WAIT_MS, 10)
    using late = await waits
    using poor = await new SocketBudget(free(1_024)).take(1_024, running)
    assert.deepEqual(
      [all, late, poor].map(({ sockets, alone }) => [sockets, alone]),
      [
        [4_096, 4_096],
        [0, 1_024],
        [384, 384]
      ]
    )
  })

  it('reads the soft limit of this process', () => {
    assert.equal(softLimit(limits('1024')), 1_024)
    assert.equal(softLimit(limits('unlimited')), Infinity)
    assert.equal(softLimit('something else'), undefined)
  })

  const skip = needs(process.platform === 'linux', 'descriptors are counted in /proc')
  it('knows what is free on this machine', { skip }, async () => {
    const left = await freeDescriptors()
    assert.ok(left !== undefined && left > 0, `${left}`)
  })
})
