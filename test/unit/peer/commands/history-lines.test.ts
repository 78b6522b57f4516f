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
  assert.deepEqual(historyWords([line], { withRoom: false }), ['2026-11-21 05:07 ann: hi␛[2J'])
  assert.deepEqual(historyWords([line], { withRoom: true }), [
    '2026-11-21 05:07 [kitchen] ann: hi␛[2J'
  ])
})

it('what we said names who has not got it', () => {
  const line = { ...said, to: [{ peer: 'x', deliveredAtMs: 1 }, { peer: BOB }] }
  assert.match(
    historyWords([line], { withRoom: false })[0] ?? '',
    / \(not delivered to …bbbbbbbb\)$/
  )
})

it('nobody passes for another, neither by a name that is taken nor by one that is a line', () => {
  const line = { ...said, text: 'hi', to: [] }
  const others = ['ANN', 'bob: I agree', '\u202Ennа', '…bbbbbbbb', '  '].map((name, index) => ({
    ...line,
    name,
    peer: `12D3KooWAAAAAAA${index}bbbbbbbb`
  }))
  const shown = historyWords([line, ...others], { withRoom: false })
  assert.deepEqual(
    shown.map((each) => each.slice('2026-11-21 05:07 '.length)),
    [
      'ann: hi',
      'ANN (…bbbbbbbb): hi',
      'bob· I agree: hi',
      '�nnа: hi',
      '…bbbbbbbb: hi',
      '…bbbbbbbb: hi'
    ]
  )
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
