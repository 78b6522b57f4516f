// A block in a file: only what is between its own marks changes.

import assert from 'node:assert/strict'
import { it } from 'node:test'
import { withBlock } from '../../lab/marked-block.ts'

it('takes the place between its marks and leaves everything else alone, other blocks too', () => {
  const other = '<!-- other:begin -->\nkept\n<!-- other:end -->\n'
  const text = `a\n${other}<!-- table:begin -->\nold\n<!-- table:end -->\nb\n`
  assert.equal(
    withBlock(text, 'table', '| new |'),
    `a\n${other}<!-- table:begin -->\n| new |\n<!-- table:end -->\nb\n`
  )
})

it('has no place in a text without both marks, the first one first', () => {
  assert.equal(withBlock('no marks', 'table', 'x'), undefined)
  assert.equal(withBlock('<!-- table:begin -->', 'table', 'x'), undefined)
  assert.equal(withBlock('<!-- table:end --><!-- table:begin -->', 'table', 'x'), undefined)
})
