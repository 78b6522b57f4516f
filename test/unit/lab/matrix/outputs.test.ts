// The matrix as Markdown, JSON and SVG, and how far it has come.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { conditionsLine } from '../../../lab/matrix/conditions.ts'
import { heatMap } from '../../../lab/matrix/heat-map.ts'
import { cellLine, matrixTable } from '../../../lab/matrix/markdown.ts'
import { progressLine } from '../../../lab/matrix/progress.ts'
import { decodeRecord, encodeRecord, type CellRecord } from '../../../lab/matrix/record.ts'
import { direct, failed, relayed } from './runs.ts'

const CONDITIONS = { delaysMs: { relay: 5, a: 15, b: 15 }, lossPercent: 0 }

const cell = (rest: Partial<CellRecord>): CellRecord => ({
  name: 'drop×rst',
  title: 'drop × RST',
  kinds: ['drop', 'rst'],
  runs: [],
  ...rest
})

describe('the table', () => {
  it('has percentages with their counts, times, and reasons', () => {
    const runs = [direct(300), direct(500), relayed('a | b')]
    const [, , line] = matrixTable([cell({ runs })]).split('\n')
    assert.equal(
      line,
      '| drop × RST | 67 % (2/3) | 67 % (2/3) | 300 / 500 ms | 600 / 1000 ms | a \\| b |'
    )
  })

  it('leaves out cells that were not run', () => {
    assert.equal(matrixTable([cell({})]).split('\n').length, 2)
  })

  it('does not hide runs that did not come to an end', () => {
    const runs = [failed('nobody came')]
    assert.match(matrixTable([cell({ runs })]), /\*\*1 did not come to an end\*\*/)
    assert.match(cellLine(cell({ runs })), /FAILED: nobody came$/)
  })
})

describe('the record', () => {
  it('gives back the runs of each cell', () => {
    const runs = [direct(300), relayed('why')]
    const text = encodeRecord(CONDITIONS, [cell({ runs })])
    assert.deepEqual(decodeRecord(text, CONDITIONS), new Map([['drop×rst', runs]]))
  })

  it('has the tally of each cell for other programs', () => {
    const { cells } = JSON.parse(encodeRecord(CONDITIONS, [cell({ runs: [direct(300)] })]))
    assert.deepEqual(cells[0].tally.reach, { p50: 300, p95: 300 })
  })

  it('is nothing to go on from under other conditions', () => {
    const text = encodeRecord(CONDITIONS, [])
    assert.throws(() => decodeRecord(text, { ...CONDITIONS, lossPercent: 10 }), /other conditions/)
  })
})

describe('the heat map', () => {
  const byNewcomer = [direct(250), relayed('why', { newcomer: 'b' })]

  it('has a square for each order: who comes into the room makes the row', () => {
    const map = heatMap([cell({ runs: byNewcomer })], CONDITIONS)
    assert.match(map, /<title>drop comes, RST is there: 1 of 1 direct<\/title>/)
    assert.match(map, /<title>RST comes, drop is there: 0 of 1 direct<\/title>/)
    assert.match(map, />0\.25 s</)
  })

  it('takes both orders together where the kinds are the same', () => {
    const same = cell({ kinds: ['drop', 'drop'], runs: byNewcomer })
    assert.match(heatMap([same], CONDITIONS), /drop comes, drop is there: 1 of 2 direct/)
  })

  it('shows no kind and no network that was not run', () => {
    const { kinds: _, ...scene } = cell({ title: 'a container', runs: [direct(1)] })
    const map = heatMap([cell({ runs: byNewcomer }), scene], CONDITIONS)
    assert.doesNotMatch(map, /symmetric|container/)
  })
})

describe('the conditions', () => {
  it('are told as round trips', () => {
    assert.equal(
      conditionsLine(CONDITIONS),
      '40 ms round trip to the relay, 60 ms between the sites, no loss'
    )
    assert.equal(
      conditionsLine({ delaysMs: { relay: 5, a: 27, b: 3 }, lossPercent: 10 }),
      '16 and 64 ms round trip to the relay, 60 ms between the sites, 10 % loss at each uplink'
    )
  })
})

describe('progress', () => {
  it('estimates what is left from the runs of this start', () => {
    assert.equal(
      progressLine({ done: 60, total: 100, sinceStart: 10, elapsedMs: 60_000 }),
      '60 of 100 runs, about 4 min left'
    )
    assert.equal(
      progressLine({ done: 60, total: 100, sinceStart: 0, elapsedMs: 0 }),
      '60 of 100 runs'
    )
    assert.equal(
      progressLine({ done: 99, total: 100, sinceStart: 99, elapsedMs: 99_000 }),
      '99 of 100 runs, about 1 s left'
    )
  })
})
