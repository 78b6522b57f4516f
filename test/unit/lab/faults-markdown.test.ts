// The table of faults: what its cells add up.

import assert from 'node:assert/strict'
import { it } from 'node:test'
import { faultTable } from '../../lab/faults/markdown.ts'
import { SCENARIOS } from '../../lab/faults/scenarios.ts'
import type { Tally } from '../../lab/faults/tally.ts'

const tally = (sent: number, lost: number, longestGapMs: number): Tally => ({
  said: sent,
  sent,
  refused: 0,
  alone: 0,
  shown: sent - lost,
  lost,
  doubled: 0,
  disordered: 0,
  longestGapMs
})

const rowsOf = (...rows: Parameters<typeof faultTable>[0]): string[] =>
  faultTable(rows).split('\n').slice(2)

it('adds up the runs of a scenario and shows the longest gap of all', () => {
  assert.deepEqual(
    rowsOf({ title: 'all is well', tallies: [tally(100, 0, 40), tally(200, 0, 90)], failed: 0 }),
    ['| all is well | 300 | 300 | 0 | 0 | 0 | 90 ms |']
  )
})

it('shows failed runs, and those in which nobody met', () => {
  assert.deepEqual(
    rowsOf(
      { title: 'the relay is killed', tallies: [tally(100, 2, 40)], failed: 1 },
      { title: 'the relay is absent', tallies: [], failed: 2 }
    ),
    [
      '| the relay is killed (**1 failed**) | 100 | 98 | 2 | 0 | 0 | 40 ms |',
      '| the relay is absent (**2 failed**) | 0 | 0 | 0 | 0 | 0 | – |'
    ]
  )
})

it('leaves out what was not run', () => {
  assert.deepEqual(rowsOf({ title: 'later', tallies: [], failed: 0 }), [])
})

it('has scenarios with a name and a title each of their own', () => {
  const names = new Set(SCENARIOS.map(({ name }) => name))
  const titles = new Set(SCENARIOS.map(({ title }) => title))
  assert.deepEqual([names.size, titles.size], [SCENARIOS.length, SCENARIOS.length])
})
