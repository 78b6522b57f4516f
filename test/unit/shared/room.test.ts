// What may be the name of a room.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { UsageError } from '../../../shared/errors.ts'
import { checkRoom } from '../../../shared/room.ts'

describe('checkRoom', () => {
  it('returns names of up to 255 bytes as they stand', () => {
    for (const room of ['lobby', ' a b ', 'é'.repeat(127), 'x'.repeat(255)]) {
      assert.equal(checkRoom(room), room)
    }
  })

  for (const [what, room, message] of [
    ['an empty name', '', /^the room name is empty: [^.]+$/],
    ['256 bytes', 'x'.repeat(256), /^the room name is 256 bytes long [^.]+$/],
    ['bytes, not characters', 'é'.repeat(128), /256 bytes/],
    ['half a surrogate pair', 'a\uD800', /^the room name is not valid Unicode text: [^.]+$/]
  ] as const) {
    it(`refuses ${what} with a usage error`, () => {
      assert.throws(
        () => checkRoom(room),
        (error) => error instanceof UsageError && message.test(error.message)
      )
    })
  }
})
