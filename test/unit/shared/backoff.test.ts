// How long to wait before the next try.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { backoffMs } from '../../../shared/backoff.ts'

describe('the wait before the next try', () => {
  it('doubles from one second to half a minute, and no further', () => {
    const waits = [0, 1, 2, 3, 4, 5, 6, 7, 1_000].map((failures) => backoffMs(failures, 0))
    assert.deepEqual(waits, [1_000, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000])
  })

  it('is up to half shorter by chance, so that peers do not come back in one moment', () => {
    assert.equal(backoffMs(3, 0.5), 3_000)
    assert.ok(backoffMs(1, 0.999) > 500)
    assert.ok(backoffMs(1_000, 0.999) > 15_000)
  })
})
