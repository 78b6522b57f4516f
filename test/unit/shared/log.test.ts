// Diagnostics: one harmless line each.
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { createLog } from '../../../shared/log.ts'

function logged(verbose: boolean): string[] {
  const lines: string[] = []
  const log = createLog({ write: (line) => lines.push(line), verbose })
  log.info('the relay said: \u001B[31mgo\naway')
  log.verbose('details')
  return lines
}

it('a sentence is one line, whatever a remote put into it', () => {
  assert.deepEqual(logged(false), ['the relay said: ␛[31mgo␊away\n'])
})

it('details are told only to those who ask', () => {
  assert.deepEqual(logged(true).slice(1), ['details\n'])
})
