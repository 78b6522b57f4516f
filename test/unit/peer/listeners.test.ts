// A listener that throws stops neither the others nor who tells, and what it throws is not swallowed.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as endOfTurn } from 'node:timers/promises'
import { Listeners } from '../../../peer/listeners.ts'
import { uncaught } from '../../support/uncaught.ts'

test('what a listener throws reaches the process, after everybody was told', async (t) => {
  const thrown = uncaught(t)
  const listeners = new Listeners<string>()
  const heard: string[] = []
  const broken = new Error('a bug of the program')
  listeners.add(() => {
    throw broken
  })
  const stop = listeners.add((event) => heard.push(event))
  listeners.tell('one')
  assert.deepEqual([heard, thrown], [['one'], []])
  await endOfTurn()
  assert.deepEqual(thrown, [broken])
  stop()
  listeners.tell('two')
  assert.deepEqual(heard, ['one'])
  await endOfTurn()
})
