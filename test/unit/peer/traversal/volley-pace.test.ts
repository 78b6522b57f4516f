// How fast sockets are fired, whatever is asked for.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { BATCH, BATCH_INTERVAL_MS, VolleyPace } from '../../../../peer/traversal/volley-pace.ts'

describe('the pace of volleys', () => {
  it('is one batch at first, and another after each interval', () => {
    const pace = new VolleyPace()
    assert.equal(pace.take(1_000, 0), BATCH)
    assert.equal(pace.take(1_000, 0), 0)
    assert.equal(pace.take(1_000, BATCH_INTERVAL_MS), BATCH)
    assert.equal(pace.take(1_000, 1.5 * BATCH_INTERVAL_MS), BATCH / 2)
  })

  it('saves up no more than a batch', () => {
    const pace = new VolleyPace()
    pace.take(BATCH, 0)
    assert.equal(pace.take(1_000, 3_600_000), BATCH)
  })

  it('is the same for all who take from it, and gives nobody a negative number', () => {
    const pace = new VolleyPace()
    let taken = 0
    for (let ms = 0; ms < 1_000; ms += 1)
      for (const wanted of [7, -5, 900]) taken += pace.take(wanted, ms)
    const perSecond = (1_000 / BATCH_INTERVAL_MS) * BATCH
    assert.ok(taken <= perSecond + BATCH && taken > perSecond - BATCH, `${taken}`)
  })
})
