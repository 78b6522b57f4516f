// How much passes a second, with a clock made of numbers.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { RecentRate } from '../../../relay/recent-rate.ts'

/** A hundred every tenth of a second, from `fromMs` up to `untilMs`. */
function steadily(rate: RecentRate, fromMs: number, untilMs: number): void {
  for (let nowMs = fromMs; nowMs < untilMs; nowMs += 100) rate.add(100, nowMs)
}

describe('a recent rate', () => {
  it('is what passes steadily, whenever it is asked for', () => {
    const rate = new RecentRate()
    steadily(rate, 0, 10_000)
    for (let nowMs = 10_000; nowMs < 30_000; nowMs += 700) {
      steadily(rate, nowMs, nowMs + 700)
      const perSecond = rate.perSecond(nowMs + 700)
      assert.ok(Math.abs(perSecond - 1000) <= 25, `${perSecond} at ${nowMs}`)
    }
  })

  it('rises and falls within seconds', () => {
    const rate = new RecentRate()
    assert.equal(rate.perSecond(0), 0)
    rate.add(5_000, 1_000)
    assert.equal(rate.perSecond(1_000), 1_000)
    assert.equal(rate.perSecond(4_900), 1_000)
    assert.equal(rate.perSecond(7_500), 500)
    assert.equal(rate.perSecond(10_000), 0)
  })

  it('forgets what passed before a pause', () => {
    const rate = new RecentRate()
    rate.add(5_000, 0)
    rate.add(500, 60_000)
    assert.equal(rate.perSecond(60_000), 100)
  })
})
