// What is counted of a cell's runs.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { percent, tallyOf } from '../../../lab/matrix/tally.ts'
import { direct, failed as broken, relayed } from './runs.ts'

describe('a tally', () => {
  it('counts what was direct, and what was so at the first attempt', () => {
    const later = direct(1, { direct: { firstAttempt: false } })
    const { runs, direct: count, first, failed } = tallyOf([direct(1), later, relayed('why')])
    assert.deepEqual([runs, count, first, failed], [3, 2, 1, 0])
  })

  it('has the times within which half and 95 % of the direct runs were', () => {
    const hundred = Array.from({ length: 100 }, (_, n) => direct(n + 1)).toReversed()
    assert.deepEqual(tallyOf(hundred).reach, { p50: 50, p95: 95 })
    assert.deepEqual(tallyOf([direct(8)]).open, { p50: 4, p95: 4 })
    assert.equal(tallyOf([relayed('why')]).reach, undefined)
  })

  it('leaves out moments that there were not', () => {
    const without = direct(1, { direct: { firstAttempt: true, reachMs: 7 } })
    assert.deepEqual(tallyOf([without]).reach, { p50: 7, p95: 7 })
    assert.equal(tallyOf([without]).open, undefined)
  })

  it('has the reason told most often, whatever the ports, addresses and counts were', () => {
    const reasons = [
      'another one',
      'port 40001 became 1234 (/ip4/7.7.7.3/tcp/99: refused 12 ×)',
      'port 40002 became 4321 (/ip4/7.7.7.4/tcp/98: refused 13 ×)'
    ]
    const { reason } = tallyOf(reasons.map((why) => relayed(why)))
    assert.equal(reason, 'port N became N (ADDRESS: refused n ×)')
  })

  it('counts runs that did not come to an end, and says what was missing in the first', () => {
    const { failed, failure, direct: count } = tallyOf([broken('one'), direct(1), broken('two')])
    assert.deepEqual([failed, failure, count], [2, 'one', 1])
  })
})

describe('a percentage', () => {
  it('is 100 only for all and 0 only for none', () => {
    assert.deepEqual(
      [percent(3, 3), percent(999, 1_000), percent(1, 1_000), percent(0, 5), percent(2, 3)],
      ['100 %', '99.9 %', '1 %', '0 %', '67 %']
    )
  })
})
