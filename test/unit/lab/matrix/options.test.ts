// What can be said to the matrix, and what it refuses.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { matrixOptions } from '../../../lab/matrix/options.ts'

describe('the options of the matrix', () => {
  it('are 20 runs of everything on the links of the lab, unless told otherwise', () => {
    const { runs, delaysMs, lossPercent, only } = matrixOptions([])
    assert.deepEqual([runs, lossPercent, only], [20, 0, []])
    assert.deepEqual(delaysMs, { relay: 5, a: 15, b: 15 })
  })

  it('skew the delays of the two sites and keep their sum', () => {
    const { delaysMs } = matrixOptions(['--delays', '1/20/24', '--skew', '1:10'])
    assert.deepEqual(delaysMs, { relay: 1, a: 4, b: 40 })
  })

  for (const [args, sentence] of [
    [['--kinds', 'drop,drip'], /no kind drip: there are none, firewall/],
    [['--runs', '0'], /--runs is 0/],
    [['--at-once', 'x'], /--at-once is x/],
    [['--loss', '100'], /--loss is 100/],
    [['--delays', '5/5'], /--delays is 5\/5: give three/],
    [['--skew', '1'], /--skew is 1: give a ratio/],
    [['--resume'], /--resume needs/]
  ] as const) {
    it(`refuse ${args.join(' ')}`, () => {
      assert.throws(() => matrixOptions([...args]), sentence)
    })
  }
})
