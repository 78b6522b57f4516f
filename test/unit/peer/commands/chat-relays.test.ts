// What a person reads about relays that come and go.
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { RelayTelling } from '../../../../peer/commands/chat-relays.ts'
import type { PeerEvent } from '../../../../peer/events.ts'
import { wordsFor } from '../../../../peer/terminal/words.ts'

type RelayEvent = Extract<PeerEvent, { event: 'relay' }>

const RELAY = '12D3KooWAAAAAAAArrrrrrrr'

function telling(): (state: RelayEvent['state'], reason?: string, address?: string) => string[] {
  const relays = new RelayTelling()
  return (state, reason, address = '/a') => {
    const because = reason === undefined ? {} : { reason }
    const event: RelayEvent = { event: 'relay', relay: RELAY, address, state, ...because }
    const words = relays.words(
      event,
      wordsFor(event, (peer) => peer, 'kitchen')
    )
    return words.filter(({ kind }) => kind === 'info').map(({ text }) => text)
  }
}

it('each way in which a relay fails is told once, until it gives a place', () => {
  const tell = telling()
  assert.deepEqual(tell('connecting'), ['connecting to the relay …rrrrrrrr at /a'])
  assert.deepEqual(tell('lost', 'nothing listens'), ['nothing listens (trying again)'])
  assert.deepEqual(tell('connecting'), [])
  assert.deepEqual(tell('lost', 'nothing listens'), [])
  assert.deepEqual(tell('lost', 'another peer answers'), ['another peer answers (trying again)'])
  assert.deepEqual(tell('refused', 'it is full'), ['it is full (trying again)'])
  assert.deepEqual(tell('lost', 'nothing listens'), [])
  assert.deepEqual(tell('reserved'), ['the relay …rrrrrrrr makes you reachable'])
  assert.deepEqual(tell('lost', 'it closed'), ['lost the relay …rrrrrrrr: it closed'])
  assert.deepEqual(tell('lost', 'nothing listens'), ['nothing listens (trying again)'])
})

it('reasons that never repeat are not told for ever', () => {
  const tell = telling()
  const told = Array.from({ length: 100 }, (_, at) => tell('lost', `failure ${at}`))
  assert.equal(told.flat().length, 8)
})

it('one relay says nothing about another', () => {
  const tell = telling()
  tell('reserved', undefined, '/b')
  assert.deepEqual(tell('lost', 'nothing listens', '/a'), ['nothing listens (trying again)'])
  assert.deepEqual(tell('lost', 'it closed', '/b'), ['lost the relay …rrrrrrrr: it closed'])
})

it('other limits are news of a relay that stands', () => {
  const tell = telling()
  tell('reserved')
  assert.deepEqual(tell('reserved'), [
    'the relay …rrrrrrrr makes you reachable, with other limits than before'
  ])
})
