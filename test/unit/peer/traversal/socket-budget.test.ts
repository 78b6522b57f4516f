// How many sockets a punch may have, from what the system leaves.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { MAX_SOCKETS } from '../../../../peer/traversal/guess-plan.ts'
import {
  freeDescriptors,
  SocketBudget,
  softLimit
} from '../../../../peer/traversal/socket-budget.ts'
import { needs } from '../../../support/left-out.ts'

const free = (descriptors: number | undefined) => async (): Promise<number | undefined> =>
  descriptors

/** As `/proc/self/limits` has it. */
const limits = (soft: string): string =>
  `Limit  Soft Limit  Hard Limit  Units\nMax open files            ${soft}                 4096                 files\n`

describe('the budget of sockets', () => {
  it('gives a punch all it may ask for, where the system does', async () => {
    using grant = await new SocketBudget(free(Infinity)).take()
    assert.equal(grant.sockets, MAX_SOCKETS)
  })

  it('gives half of what is free beyond a reserve, and nothing when there is no more', async () => {
    using some = await new SocketBudget(free(1_024)).take()
    using none = await new SocketBudget(free(200)).take()
    assert.deepEqual([some.sockets, none.sockets], [384, 0])
  })

  it('is careful where the system does not tell', async () => {
    using grant = await new SocketBudget(free(undefined)).take()
    assert.equal(grant.sockets, 128)
  })

  it('has an end over all punches together, and gets back what they leave, once', async () => {
    const budget = new SocketBudget(free(Infinity))
    const grants = [
      await budget.take(),
      await budget.take(),
      await budget.take(),
      await budget.take()
    ]
    assert.deepEqual(
      grants.map(({ sockets }) => sockets),
      [1_536, 1_536, 1_024, 0]
    )
    grants[2]?.[Symbol.dispose]()
    grants[2]?.[Symbol.dispose]()
    using next = await budget.take()
    assert.equal(next.sockets, 1_024)
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
