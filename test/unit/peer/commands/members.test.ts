// The answers to /peers and /path.
import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { Member } from '../../../../peer/api.ts'
import { pathSentence, peersTable } from '../../../../peer/commands/members.ts'

const labelOf = (peer: string): string => (peer.endsWith('b') ? 'bob' : 'élise')
const bob: Member = {
  peer: '12D3KooWAAAAAAAAbbbbbbbb',
  path: 'direct',
  address: '/ip4/1.2.3.4/tcp/5',
  undelivered: 0
}
const elise: Member = { peer: '12D3KooWAAAAAAAAeeeeeeee', path: 'none', undelivered: 12 }

it('/peers is a table', () => {
  assert.deepEqual(peersTable([bob, elise], labelOf), [
    'name   peer       path    address             undelivered',
    'bob    …bbbbbbbb  direct  /ip4/1.2.3.4/tcp/5  0',
    'élise  …eeeeeeee  none    -                   12'
  ])
  assert.deepEqual(peersTable([], labelOf), ['nobody else is in the room yet'])
})

it('/path says which way, and why not directly', () => {
  assert.equal(pathSentence(bob, labelOf), 'path to bob: direct over /ip4/1.2.3.4/tcp/5')
  assert.equal(
    pathSentence({ ...bob, path: 'relayed', reason: 'both NATs\nare symmetric' }, labelOf),
    'path to bob: relayed over /ip4/1.2.3.4/tcp/5, not direct because: both NATs␊are symmetric'
  )
  assert.equal(
    pathSentence({ peer: bob.peer, path: 'relayed', undelivered: 0 }, labelOf),
    'path to bob: relayed, not direct because: a direct path is being looked for'
  )
  assert.equal(
    pathSentence(elise, labelOf),
    'path to élise: none, because: no connection is up yet'
  )
})
