// How often a room is asked about.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { DEFAULT_PACE, nextRoundMs, retryMs } from '../../../../peer/discovery/pace.ts'

describe('pace', () => {
  it('asks every second while something happens, and every two in a quiet room', () => {
    assert.equal(nextRoundMs(DEFAULT_PACE, 0), 1000)
    assert.equal(nextRoundMs(DEFAULT_PACE, 30), 1000)
    assert.equal(nextRoundMs(DEFAULT_PACE, 45), 1500)
    assert.equal(nextRoundMs(DEFAULT_PACE, 60), 2000)
    assert.equal(nextRoundMs(DEFAULT_PACE, 1_000_000), 2000)
  })

  it('gives a failing relay 2, 4, 8 and at last 16 seconds', () => {
    assert.deepEqual(
      [1, 2, 3, 4, 5, 100].map((failures) => retryMs(DEFAULT_PACE, failures)),
      [2000, 4000, 8000, 16_000, 16_000, 16_000]
    )
  })
})
