// How many rounds a peer may ask of us.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { MAX_ROUNDS_PER_MINUTE, RoundBudget } from '../../../../peer/traversal/round-budget.ts'

const takes = (budget: RoundBudget, peer: string, times: number, nowMs: number): boolean[] =>
  Array.from({ length: times }, () => budget.take(peer, nowMs))

describe('a round budget', () => {
  it('ends, whatever connections the peer comes with', () => {
    const answers = takes(new RoundBudget(), 'mallory', MAX_ROUNDS_PER_MINUTE + 3, 0)
    assert.equal(answers.filter(Boolean).length, MAX_ROUNDS_PER_MINUTE)
    assert.deepEqual(answers.slice(-3), [false, false, false])
  })

  it('is each peer’s own', () => {
    const budget = new RoundBudget()
    takes(budget, 'mallory', MAX_ROUNDS_PER_MINUTE, 0)
    assert.equal(budget.take('bob', 0), true)
  })

  it('is new after a minute, and refused rounds do not put that off', () => {
    const budget = new RoundBudget()
    takes(budget, 'bob', MAX_ROUNDS_PER_MINUTE, 0)
    assert.equal(budget.take('bob', 59_999), false)
    assert.equal(budget.take('bob', 60_000), true)
  })
})
