// Connections that do not last, and the patience with those who have them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Flapping } from '../../../peer/flapping.ts'

const LASTING_MS = 60_000

test('one connection that died young costs nothing, those after it more and more, up to half a minute', () => {
  const flapping = new Flapping()
  const pauses = Array.from({ length: 12 }, () => {
    flapping.lost('ben', 20, 0, 0)
    return flapping.pauseMs('ben', 0)
  })
  assert.deepEqual(pauses.slice(0, 4), [0, 1_000, 2_000, 4_000])
  assert.equal(pauses.at(-1), 30_000)
})

test('a pause passes, and one that lasted makes good for all before', () => {
  const flapping = new Flapping()
  for (let times = 0; times < 4; times++) flapping.lost('ben', 20, 0, 0)
  assert.equal(flapping.pauseMs('ben', 1_000), 3_000)
  assert.equal(flapping.pauseMs('ben', 9_000), 0)
  flapping.lost('ben', LASTING_MS, 9_000, 0)
  flapping.lost('ben', 20, 9_000, 0)
  assert.equal(flapping.pauseMs('ben', 9_000), 0)
})

test('peers are not held responsible for each other', () => {
  const flapping = new Flapping()
  for (let times = 0; times < 4; times++) flapping.lost('ben', 20, 0, 0)
  assert.equal(flapping.pauseMs('cat', 0), 0)
})
