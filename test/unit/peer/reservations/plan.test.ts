// When a reservation is renewed, and when a relay is tried again.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  failuresAfter,
  renewalRetryMs,
  reservationPlan,
  retryMs
} from '../../../../peer/reservations/plan.ts'

const NOW = Date.UTC(2026, 10, 1)
const MINUTE = 60_000
const HOUR = 60 * MINUTE
const RANDOM = [0, 0.25, 0.5, 0.999]

describe('a reservation', () => {
  it('is renewed with a fifth to a third of it left, not by all peers in one moment', () => {
    for (const lifetimeMs of [3_000, MINUTE, 20 * MINUTE]) {
      const plans = RANDOM.map((random) => reservationPlan(NOW + lifetimeMs, NOW, random))
      for (const { heldForMs, renewAfterMs } of plans) {
        assert.equal(heldForMs, lifetimeMs)
        assert.ok(renewAfterMs >= 0.65 * lifetimeMs && renewAfterMs <= 0.8 * lifetimeMs)
      }
      assert.equal(new Set(plans.map(({ renewAfterMs }) => renewAfterMs)).size, RANDOM.length)
    }
  })

  it('of an hour or more is renewed within half an hour, should our clock be late', () => {
    for (const lifetimeMs of [HOUR, 2 * HOUR, 10 * HOUR]) {
      for (const random of RANDOM) {
        const { renewAfterMs } = reservationPlan(NOW + lifetimeMs, NOW, random)
        assert.ok(renewAfterMs > 20 * MINUTE && renewAfterMs <= 30 * MINUTE)
      }
    }
  })

  it('that ends in the past or in a moment is the work of a clock, and makes no storm', () => {
    for (const expiresAtMs of [0, NOW - 5 * HOUR, NOW - 1, NOW, NOW + 1_999]) {
      for (const random of RANDOM) {
        const { heldForMs, renewAfterMs } = reservationPlan(expiresAtMs, NOW, random)
        assert.equal(heldForMs, 2 * MINUTE)
        assert.ok(renewAfterMs > MINUTE)
      }
    }
  })

  it('that never ends is taken for a day, which timers can count', () => {
    for (const expiresAtMs of [NOW + 1000 * HOUR, Number.MAX_SAFE_INTEGER * 1000]) {
      const { heldForMs, renewAfterMs } = reservationPlan(expiresAtMs, NOW, 0.5)
      assert.equal(heldForMs, 24 * HOUR)
      assert.ok(renewAfterMs <= 30 * MINUTE)
    }
  })

  it('is tried again more and more slowly when renewing fails, and at its end', () => {
    assert.equal(renewalRetryMs(1, HOUR, FAILED, 0), 1_000)
    assert.equal(renewalRetryMs(3, HOUR, FAILED, 0), 4_000)
    assert.equal(renewalRetryMs(30, HOUR, FAILED, 0), 15_000)
    assert.equal(renewalRetryMs(30, 700, FAILED, 0), 350)
    assert.equal(renewalRetryMs(30, 300, FAILED, 0), 250)
    assert.equal(renewalRetryMs(30, 100, FAILED, 0), 100)
    assert.equal(renewalRetryMs(30, -3, FAILED, 0), 0)
  })

  it('is tried again more slowly yet where we are not let in any more', () => {
    const denied = { denied: true }
    assert.equal(renewalRetryMs(1, HOUR, denied, 0), 4_000)
    assert.equal(renewalRetryMs(30, HOUR, denied, 0), 2 * MINUTE)
    assert.equal(renewalRetryMs(30, 700, denied, 0), 350)
  })
})

const FAILED = { denied: false }

describe('a relay', () => {
  it('is tried again within 15 s however long it has been away, and at different times by different peers', () => {
    for (const failures of [1, 2, 5, 50, 5_000]) {
      const [least, most] = [0.999, 0].map((random) =>
        retryMs(failures, { refused: false }, random)
      )
      assert.ok(least !== undefined && most !== undefined && least < most)
      assert.ok(least >= 500 && most <= 15_000)
    }
  })

  it('that has refused is left in peace for longer, up to two minutes', () => {
    for (const failures of [1, 2, 5, 50]) {
      const refused = retryMs(failures, { refused: true }, 0)
      assert.ok(refused > retryMs(failures, { refused: false }, 0))
      assert.ok(refused <= 2 * MINUTE)
    }
  })

  it('that gives a place and takes it away at once fails as well', () => {
    assert.equal(failuresAfter(3, 0), 4)
    assert.equal(failuresAfter(3, 200), 4)
    assert.equal(failuresAfter(3, MINUTE), 0)
  })
})
