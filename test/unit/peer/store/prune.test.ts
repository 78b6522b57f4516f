// What the history drops when it is too much: the oldest, and never what still waits for somebody.
import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { it } from 'node:test'
import { prune } from '../../../../peer/store/prune.ts'
import { MIGRATIONS } from '../../../../peer/store/schema.ts'
import { Statements } from '../../../../peer/store/statements.ts'

const PLENTY = { maxMessages: 1_000, maxBytes: 1_000_000, maxAgeMs: 1_000_000 }

/** Ten messages of 100 bytes in 50 characters, stored at 1, 2, …; the second one waits for somebody. */
function left(limits: Partial<typeof PLENTY>, nowMs = 10): number[] {
  const database = new DatabaseSync(':memory:')
  for (const statements of MIGRATIONS) database.exec(statements)
  const statements = new Statements(database)
  for (let at = 1; at <= 10; at++) {
    const text = 'é'.repeat(50)
    const number = statements.run('addMessage', `m${at}`, null, 'ann', 'kitchen', at, at, text)
    if (at === 2) statements.run('addDelivery', number, 'bob', 1)
  }
  prune(statements, nowMs, { ...PLENTY, ...limits })
  return statements
    .all('history', 100)
    .map(({ number }) => Number(number))
    .toReversed()
}

it('nothing is dropped within the limits', () => {
  assert.deepEqual(
    left({ maxMessages: 10, maxBytes: 1_000, maxAgeMs: 10 }),
    [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
  )
})

it('too many messages lose the oldest', () => {
  assert.deepEqual(left({ maxMessages: 4 }), [2, 7, 8, 9, 10])
})

it('too much text loses the oldest, bytes counted, and some more so that it is not at once too much again', () => {
  assert.deepEqual(left({ maxBytes: 800 }), [2, 5, 6, 7, 8, 9, 10])
})

it('what is too old goes', () => {
  assert.deepEqual(left({ maxAgeMs: 5 }, 13), [2, 8, 9, 10])
})
