// JSON that can be looked at.
import assert from 'node:assert/strict'
import { it } from 'node:test'
import * as fc from 'fast-check'
import { jsonLine } from '../../../shared/json-line.ts'

it('is what was said for whoever parses it, and has nothing that a terminal obeys', () => {
  const said = 'a\u001B[2J\r\n\u0007\u007F\u009B2J\u2028\u202E\u2066é👨‍👩‍👧'
  const line = jsonLine({ text: said })
  assert.doesNotMatch(line, /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/v)
  assert.match(line, /\\u009b2J\\u2028\\u202e\\u2066é👨‍👩‍👧/)
  assert.deepEqual(JSON.parse(line), { text: said })
})

it('comes back as it went, whatever the text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      assert.deepEqual(JSON.parse(jsonLine({ [text]: text })), { [text]: text })
    }),
    { numRuns: 2_000 }
  )
})
