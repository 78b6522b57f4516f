// When a relay counts as ready.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { CHECK_PACE, readiness } from '../../../../relay/status/readiness.ts'

const good = { endedAtMs: 100_000, tookMs: 12 }

describe('readiness', () => {
  it('is not there before the first self-check has ended', () => {
    const { ready, sentence, ageMs } = readiness(undefined, 5, CHECK_PACE)
    assert.deepEqual([ready, ageMs], [false, undefined])
    assert.match(sentence, /first self-check has not ended/)
  })

  it('comes with a check that brought bytes, and says how old that is', () => {
    const { ready, sentence, ageMs } = readiness(good, 103_000, CHECK_PACE)
    assert.deepEqual([ready, ageMs], [true, 3000])
    assert.match(sentence, /carried bytes there and back 3 s ago, in 12 ms/)
  })

  it('lasts until the next check is overdue, and no longer', () => {
    const due = good.endedAtMs + CHECK_PACE.everyMs + 2 * CHECK_PACE.timeoutMs
    assert.equal(readiness(good, due, CHECK_PACE).ready, true)
    const { ready, sentence } = readiness(good, due + 1, CHECK_PACE)
    assert.equal(ready, false)
    assert.match(sentence, /the last self-check ended 50 s ago: too long ago/)
  })

  it('ends with a check that failed, and says at which step', () => {
    const { ready, sentence } = readiness(
      { ...good, failure: 'got no circuit: x' },
      101_000,
      CHECK_PACE
    )
    assert.equal(ready, false)
    assert.equal(sentence, 'the self-check got no circuit: x (1 s ago)')
  })
})
