// What the programs print becomes a talk: over several runs, history included.

import assert from 'node:assert/strict'
import { it } from 'node:test'
import { plot, talkOf, type RecordedRun } from '../../lab/faults/record.ts'

const at = (ms: number): string => new Date(ms).toISOString()

type Event = RecordedRun['actor']['events'][number]

const sent = (id: string, ms: number, to = ['ben']): Event => ({
  event: 'sent',
  id,
  to,
  at: at(ms)
})
const message = (id: string, ms: number): Event => {
  return { event: 'message', peer: 'anna', id, text: `text ${id}`, sentAt: at(1), at: at(ms) }
}
const run = (events: Event[], stored: RecordedRun['stored'] = []): RecordedRun => ({
  actor: { events },
  stored
})
const player = (...runs: RecordedRun[]): Parameters<typeof talkOf>[0] => ({
  said: ['text a'],
  runs,
  away: []
})

it('takes what was told as sent to that peer, and counts what was refused or for nobody', () => {
  const refusal: Event = { event: 'error', code: 'not-sent', message: 'not sent: full', at: at(4) }
  const trouble: Event = { event: 'error', code: 'store-full', message: 'full', at: at(3) }
  const anna = player(run([sent('a', 1), sent('b', 2, []), trouble, refusal]), run([sent('c', 5)]))
  const talk = talkOf(anna, player(run([])), 'ben')
  assert.deepEqual(talk.sent, [
    { id: 'a', atMs: 1 },
    { id: 'c', atMs: 5 }
  ])
  assert.deepEqual([talk.refused, talk.alone], [1, 1])
})

it('puts what a killed run had stored and not printed behind what it printed, without a time', () => {
  const stored = ['a', 'b', 'c'].map((id) => ({ id, text: `text ${id}` }))
  const ben = player(run([message('a', 1), message('b', 2)], stored), run([message('d', 9)]))
  const { shown } = talkOf(player(run([])), ben, 'ben')
  assert.deepEqual(
    shown.map(({ id, atMs }) => [id, atMs]),
    [
      ['a', 1],
      ['b', 2],
      ['c', undefined],
      ['d', 9]
    ]
  )
})

it('takes what was stored and is printed by a later run for shown once, there', () => {
  const ben = player(run([], [{ id: 'a', text: 'text a' }]), run([message('a', 9)]))
  const { shown } = talkOf(player(run([])), ben, 'ben')
  assert.deepEqual(shown, [{ id: 'a', text: 'text a', atMs: 9 }])
})

it('leaves the talk out of the plot', () => {
  const left: Event = { event: 'left', peer: 'ben', room: 'kitchen', at: at(1500) }
  assert.deepEqual(plot('anna', [sent('a', 1000), left], 1000), [
    '  0.500 anna left {"peer":"ben","room":"kitchen"}'
  ])
})
