// Lines of the history in words and as JSON.
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { historyJson, historyWords } from '../../../../peer/commands/history-lines.ts'
import { stateFileOf } from '../../../../peer/commands/identity-option.ts'

const atMs = new Date(2026, 10, 21, 5, 7).getTime()
const said = { id: 'm1', name: 'ann', room: 'kitchen', sentAtMs: atMs, text: 'hi\u001B[2J' }
const BOB = '12D3KooWAAAAAAAAbbbbbbbb'

it('a line says when, who and what, and makes it harmless', () => {
  const line = { ...said, peer: BOB, to: [] }
  assert.equal(historyWords(line, { withRoom: false }), '2026-11-21 05:07 ann: hi␛[2J')
  assert.equal(historyWords(line, { withRoom: true }), '2026-11-21 05:07 [kitchen] ann: hi␛[2J')
})

it('what we said names who has not got it', () => {
  const line = { ...said, to: [{ peer: 'x', deliveredAtMs: 1 }, { peer: BOB }] }
  assert.match(historyWords(line, { withRoom: false }), / \(not delivered to …bbbbbbbb\)$/)
})

it('JSON has moments in ISO 8601 and leaves out what is not known', () => {
  const line = { id: 'm1', sentAtMs: 0, text: 'hi', to: [{ peer: BOB, deliveredAtMs: 5 }] }
  assert.deepEqual(JSON.parse(historyJson(line)), {
    at: '1970-01-01T00:00:00.000Z',
    id: 'm1',
    text: 'hi',
    to: [{ peer: BOB, deliveredAt: '1970-01-01T00:00:00.005Z' }]
  })
})

it('the database is called as its key is', () => {
  assert.equal(stateFileOf('/a/peer.key'), '/a/peer.db')
  assert.equal(stateFileOf('/a/other'), '/a/other.db')
})
