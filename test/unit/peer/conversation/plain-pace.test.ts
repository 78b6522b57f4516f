// How fast plain messages are taken.
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { PLAIN_RATE, PlainPace } from '../../../../peer/conversation/plain-pace.ts'

it('as many as anybody types go through at once, and what follows one by one', () => {
  const pace = new PlainPace()
  const waits = Array.from({ length: PLAIN_RATE.burst + 3 }, () => pace.turnMs(1_000))
  assert.deepEqual(waits.slice(0, PLAIN_RATE.burst), Array(PLAIN_RATE.burst).fill(0))
  assert.deepEqual(waits.slice(PLAIN_RATE.burst), [20, 40, 60])
})

it('who has been quiet may say as much again', () => {
  const pace = new PlainPace()
  for (let count = 0; count < PLAIN_RATE.burst; count += 1) pace.turnMs(0)
  assert.equal(pace.turnMs(20), 0)
  assert.equal(pace.turnMs(20), 20)
  const waits = Array.from({ length: PLAIN_RATE.burst + 1 }, () => pace.turnMs(10_000))
  assert.deepEqual(waits.slice(-2), [0, 20])
})
