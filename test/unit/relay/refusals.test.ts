// What is counted, and what of it is told.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { RelayEvent } from '../../../relay/events.ts'
import { Refusals } from '../../../relay/refusals.ts'

const refused = (host: string): RelayEvent => ({
  event: 'connection',
  host,
  action: 'refused',
  reason: 'too many',
  limit: 'connections'
})

const denied = (peer: string, rule: 'deny' | 'secret-missing'): RelayEvent => ({
  event: 'reservation',
  peer,
  action: 'refused',
  reason: 'why',
  rule
})

const turnedAway = (peer: string): RelayEvent => ({
  event: 'connection',
  host: 'h',
  peer,
  action: 'refused',
  reason: 'no',
  rule: 'deny'
})

const offensive = (peer: string): RelayEvent => ({
  event: 'connection',
  host: 'h',
  peer,
  action: 'closed',
  reason: 'too often',
  limit: 'offences-per-peer'
})

describe('refusals', () => {
  it('are counted by the name of their limit, and others are not', () => {
    const refusals = new Refusals()
    refusals.note(refused('a'), 0)
    refusals.note(refused('b'), 0)
    refusals.note({ event: 'stopped' }, 0)
    assert.equal(refusals.counts.connections, 2)
    assert.equal(refusals.counts.circuits, 0)
  })

  it('are told once in ten seconds for each host, the next with how many there were', () => {
    const refusals = new Refusals()
    assert.deepEqual(refusals.note(refused('a'), 0), refused('a'))
    assert.equal(refusals.note(refused('a'), 1), undefined)
    assert.equal(refusals.note(refused('a'), 9999), undefined)
    assert.deepEqual(refusals.note(refused('b'), 9999), refused('b'))
    const later = refusals.note(refused('a'), 10_000)
    assert.ok(later?.event === 'connection')
    assert.equal(later.reason, 'too many (and 2 more like it)')
    assert.equal(refusals.counts.connections, 5)
  })

  it('by a rule of access are told once as well, for each peer, and are no limit', () => {
    const refusals = new Refusals()
    assert.deepEqual(refusals.note(denied('a', 'deny'), 0), denied('a', 'deny'))
    assert.equal(refusals.note(denied('a', 'deny'), 1), undefined)
    assert.deepEqual(refusals.note(denied('b', 'deny'), 1), denied('b', 'deny'))
    assert.ok(refusals.note(denied('a', 'secret-missing'), 1))
    const more = refusals.note(denied('a', 'deny'), 10_000)
    assert.ok(more?.event === 'reservation')
    assert.equal(more.reason, 'why (and 1 more like it)')
    assert.equal(Math.max(...Object.values(refusals.counts)), 0)
  })

  it('of peers behind one address are told for each peer', () => {
    const refusals = new Refusals()
    assert.ok(
      refusals.note(turnedAway('a'), 0) !== undefined &&
        refusals.note(turnedAway('b'), 0) !== undefined
    )
    assert.equal(refusals.note(turnedAway('b'), 1), undefined)
  })

  it('that end connections by a limit are told for each host: it has as many peers as it likes', () => {
    const refusals = new Refusals()
    assert.deepEqual(refusals.note(offensive('a'), 0), offensive('a'))
    assert.equal(refusals.note(offensive('b'), 1), undefined)
    assert.equal(refusals.counts['offences-per-peer'], 2)
  })

  it('of a circuit that has ended are each told: it was told that it had begun', () => {
    const refusals = new Refusals()
    const ends = { from: 'a', to: 'b', bytes: 1 }
    const why = { reason: 'its time was up', limit: 'circuit-seconds' } as const
    const closed: RelayEvent = { event: 'circuit', action: 'closed', ...ends, ...why }
    for (let times = 0; times < 3; times++) assert.equal(refusals.note(closed, 0), closed)
    assert.equal(refusals.counts['circuit-seconds'], 3)
  })

  it('of a reservation that has run out are each told, for the same reason', () => {
    const refusals = new Refusals()
    const why = { reason: 'it ran out', limit: 'reservation-seconds' } as const
    const ended: RelayEvent = { event: 'reservation', peer: 'a', action: 'released', ...why }
    for (let times = 0; times < 2; times++) assert.equal(refusals.note(ended, 0), ended)
    assert.equal(refusals.counts['reservation-seconds'], 2)
  })
})
