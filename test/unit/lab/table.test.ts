// The table of NATs: medians, reasons without their ports, and its place in a file.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { median, type Measures } from '../../lab/stories/measures.ts'
import { tableOf } from '../../lab/table/markdown.ts'
import { KINDS, rowsOf } from '../../lab/table/rows.ts'
import type { Run } from '../../lab/table/runs.ts'

const measures = (open: number | undefined, join: number, firstAttempt = true): Measures => ({
  openToDirect: { anna: open, ben: open },
  joinToDirect: join,
  reachToDirect: join,
  firstAttempt
})

const relayed = (reason: string): Run => ({
  path: 'relayed',
  measures: measures(undefined, 1),
  reason
})

describe('the table', () => {
  it('counts what went direct, and takes the medians of those runs only', () => {
    const runs: Run[] = [
      { path: 'direct', measures: measures(300, 900) },
      { path: 'direct', measures: measures(500, 1100, false), failure: 'a line is missing' },
      { path: 'relayed', measures: measures(undefined, 1), reason: 'why' }
    ]
    assert.equal(
      tableOf([{ name: 'drop × drop', runs }]).split('\n')[2],
      '| drop × drop | 3 | 2 | 1 | 400 ms | 1000 ms | 2 | why |'
    )
  })

  it('says a reason once, whatever the ports were', () => {
    const runs = [relayed('port 1 became 2 at the relay'), relayed('port 3 became 4 at the relay')]
    const [, , line = ''] = tableOf([{ name: 'x', runs }]).split('\n')
    assert.match(line, /\| – \| – \| 2 \| port N became M at the relay \|$/)
  })

  it('leaves out rows that were not run', () => {
    assert.equal(tableOf([{ name: 'x', runs: [] }]).split('\n').length, 2)
  })
})

describe('its rows', () => {
  it('are every pair of kinds once, one NAT, the container, and two with loss', () => {
    const names = rowsOf(KINDS, 10).map(({ name }) => name)
    assert.equal(names.length, 21 + 2 + 2)
    assert.equal(new Set(names).size, names.length)
    assert.ok(names.includes('rst × rst, 10 % loss'))
  })

  it('are those whose kinds were all asked for', () => {
    const names = rowsOf(['drop', 'symmetric', 'container'], 0).map(({ name }) => name)
    assert.deepEqual(names, [
      'drop × drop',
      'drop × symmetric',
      'symmetric × symmetric',
      'container × LAN of its host'
    ])
  })
})

describe('a median', () => {
  it('is the middle, or the mean of the two in the middle, of what is known', () => {
    assert.equal(median([5, 1, undefined, 3]), 3)
    assert.equal(median([4, 1, 2, 3]), 2.5)
    assert.equal(median([undefined]), undefined)
  })
})
