// What can be said: bytes of UTF-8 count, however many characters they are.
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { checkText } from '../../../../peer/conversation/sayable.ts'
import { UserError } from '../../../../shared/errors.ts'

const MOST = 64 * 1024

for (const [what, character, bytes] of [
  ['one byte', 'x', 1],
  ['two bytes', 'é', 2],
  ['three bytes', '世', 3],
  ['four bytes', '😀', 4],
  ['half a surrogate pair, which is sent as U+FFFD', '\uD800', 3]
] as const) {
  it(`64 KiB of UTF-8 can be said and one byte more cannot: characters of ${what}`, () => {
    const count = Math.floor(MOST / bytes)
    const full = character.repeat(count) + 'x'.repeat(MOST - count * bytes)
    checkText(full)
    assert.throws(() => checkText(`${full}x`), {
      name: 'UserError',
      code: 'message-too-long',
      message: 'the message has 65537 bytes; at most 65536 can be sent at once: split it up'
    })
  })
}

it('an empty message cannot be said', () => {
  assert.throws(() => checkText(''), UserError)
})
