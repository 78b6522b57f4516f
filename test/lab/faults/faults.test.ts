// Two peers talk steadily while something goes wrong: what was sent is shown, once and in order.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { perform } from './perform.ts'
import { SCENARIOS } from './scenarios.ts'

/** They wait for most of their time: several at once fill two cores. */
const AT_ONCE = 4

/** The longest first: nothing else is left to wait for at the end. */
const scenarios = SCENARIOS.toSorted((a, b) => b.maxGapMs - a.maxGapMs)

describe('50 lines a second each way', { concurrency: AT_ONCE }, () => {
  for (const scenario of scenarios) {
    it(`${scenario.title}: everything that was sent is shown, once and in order`, async (test) => {
      const { failures, plot } = await perform(scenario, test.signal)
      assert.deepEqual(failures, [], plot.join('\n'))
    })
  }
})
