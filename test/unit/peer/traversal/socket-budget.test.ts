// How many sockets a punch may have, from what the system leaves.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  freeDescriptors,
  SocketBudget,
  softLimit,
  type Grant
} from '../../../../peer/traversal/socket-budget.ts'
import { needs } from '../../../support/left-out.ts'

const free = (descriptors: number | undefined) => async (): Promise<number | undefined> =>
  descriptors

/** As `/proc/self/limits` has it. */
const limits = (soft: string): string =>
  `Limit  Soft Limit  Hard Limit  Units\nMax open files            ${soft}                 4096                 files\n`

describe('the budget of sockets', () => {
  it('gives a punch what it asks for, where the system does', async () => {
    using grant = await new SocketBudget(free(Infinity)).take(1_536)
    assert.equal(grant.sockets, 1_536)
  })

  it('gives half of what is free beyond a reserve, and nothing when there is no more', async () => {
    using some = await new SocketBudget(free(1_024)).take(1_024)
    using none = await new SocketBudget(free(200)).take(1_024)
    assert.deepEqual([some.sockets, none.sockets], [384, 0])
  })

  it('is careful where the system does not tell', async () => {
    const budget = new SocketBudget(free(undefined))
    using grant = await budget.take(1_024)
    using next = await budget.take(1_024)
    assert.deepEqual([grant.sockets, next.sockets], [128, 0])
  })

  it('has an end over all punches together, and gets back what they leave, once', async () => {
    const budget = new SocketBudget(free(Infinity))
    const grants: Grant[] = []
    for (let n = 0; n < 4; n += 1) grants.push(await budget.take(1_536))
    assert.deepEqual(
      grants.map(({ sockets }) => sockets),
      [1_536, 1_536, 1_024, 0]
    )
    grants[2]?.[Symbol.dispose]()
    grants[2]?.[Symbol.dispose]()
    using next = await budget.take(1_536)
    assert.equal(next.sockets, 1_024)
  })

  it('has enough for others once a punch keeps no more than it needs', async () => {
    const budget = new SocketBudget(free(Infinity))
    for (let n = 0; n < 20; n += 1) {
      const grant = await budget.take(1_024)
      assert.equal(grant.sockets, 1_024, `punch ${n + 1}`)
      grant.shrink(32)
      assert.equal(grant.sockets, 32)
      grant.shrink(64)
      assert.equal(grant.sockets, 32, 'what was given back is gone')
    }
  })

  it('knows whether other punches have what is missing, or the system gives no more', async () => {
    const busy = new SocketBudget(free(Infinity))
    using all = await busy.take(4_096)
    using late = await busy.take(1_024)
    using poor = await new SocketBudget(free(1_024)).take(1_024)
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
