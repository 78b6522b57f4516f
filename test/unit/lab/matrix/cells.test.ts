// The cells of the matrix, and which of them are run.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { CELLS, cellsOf, PAIRS } from '../../../lab/matrix/cells.ts'
import { KINDS } from '../../../lab/kinds.ts'

const names = (cells: ReadonlyArray<{ name: string }>): string[] => cells.map(({ name }) => name)

describe('the cells', () => {
  it('have every pair of kinds once', () => {
    assert.equal(PAIRS.length, (KINDS.length * (KINDS.length + 1)) / 2)
    const pairs = PAIRS.map(({ kinds = [] }) => kinds.toSorted().join())
    assert.equal(new Set(pairs).size, PAIRS.length)
  })

  it('are all run unless something else is asked for', () => {
    assert.deepEqual(cellsOf(KINDS, []), CELLS)
  })

  it('are the pairs of the kinds that were asked for', () => {
    assert.deepEqual(names(cellsOf(['rst', 'drop'], [])), ['drop×drop', 'drop×rst', 'rst×rst'])
  })

  it('are those that were named, in either order and with an x', () => {
    assert.deepEqual(names(cellsOf(KINDS, ['rstxdrop', 'container'])), ['drop×rst', 'container'])
  })

  it('are not those of a name that there is not', () => {
    assert.throws(() => cellsOf(KINDS, ['drop×drip']), /no cell drop×drip/)
  })
})
