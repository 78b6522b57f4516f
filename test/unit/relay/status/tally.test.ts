// What is counted from the relay's events, and under which names.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Admission } from '../../../../relay/admission.ts'
import { DEFAULT_LIMITS } from '../../../../relay/limits.ts'
import { UNAVAILABLE } from '../../../../relay/rendezvous/redis/replies.ts'
import { endName, refusalName } from '../../../../relay/status/reason-names.ts'
import { Tally } from '../../../../relay/status/tally.ts'

const circuit = { event: 'circuit', from: 'a', to: 'b' } as const
const reservation = { event: 'reservation', peer: 'a' } as const

const reasonOf = (verdict: object): string => ('reason' in verdict ? String(verdict.reason) : '')

describe('the tally', () => {
  it('knows who is reserved, since when and until when, over renewals', () => {
    const tally = new Tally({ 'reservation-seconds': 60 })
    tally.note({ ...reservation, action: 'granted' }, 1000)
    tally.note({ ...reservation, action: 'granted', reason: 'renewed' }, 5000)
    assert.deepEqual(tally.reservations(), [{ peer: 'a', sinceMs: 1000, untilMs: 65_000 }])
    tally.note({ ...reservation, action: 'released', reason: 'the peer disconnected' }, 6000)
    assert.deepEqual(tally.reservations(), [])
    const { reservationsGranted, reservationsRenewed } = tally.totals()
    assert.deepEqual([reservationsGranted, reservationsRenewed], [1, 1])
  })

  it('gives what is granted after a reload its new end, and nothing else', () => {
    const limits = { 'reservation-seconds': 60 }
    const tally = new Tally(limits)
    tally.note({ ...reservation, action: 'granted' }, 0)
    limits['reservation-seconds'] = 120
    tally.note({ ...reservation, peer: 'b', action: 'granted' }, 0)
    assert.deepEqual(
      tally.reservations().map(({ untilMs }) => untilMs),
      [60_000, 120_000]
    )
  })

  it('adds up circuits and their bytes, and why they ended', () => {
    const tally = new Tally({ 'reservation-seconds': 60 })
    for (let n = 0; n < 3; n++) tally.note({ ...circuit, action: 'opened' }, 0)
    tally.note({ ...circuit, action: 'closed', reason: 'it was closed', bytes: 10 }, 0)
    tally.note({ ...circuit, action: 'closed', reason: 'it was closed', bytes: 5 }, 0)
    const byLimit = { reason: 'its limit of 1800 s was reached', limit: 'circuit-seconds' } as const
    tally.note({ ...circuit, action: 'closed', ...byLimit, bytes: 1 }, 0)
    const { circuitsOpened, circuitsClosed, bytes } = tally.totals()
    assert.deepEqual(circuitsClosed, { closed: 2, 'circuit-seconds': 1 })
    assert.deepEqual([circuitsOpened, bytes], [3, 16])
  })

  it('counts refusals by rules of access under the name of the rule', () => {
    const tally = new Tally({ 'reservation-seconds': 60 })
    const why = { reason: 'some sentence', rule: 'secret-missing' } as const
    tally.note({ ...reservation, action: 'refused', ...why }, 0)
    tally.note({ ...circuit, action: 'refused', ...why }, 0)
    tally.note({ event: 'access', peer: 'a', action: 'refused', rule: 'secret-wrong' }, 0)
    tally.note({ event: 'access', peer: 'a', action: 'granted' }, 0)
    const host = '1.2.3.4'
    const denied = { reason: 'some sentence', rule: 'deny' } as const
    tally.note({ event: 'connection', host, peer: 'a', action: 'refused', ...denied }, 0)
    assert.deepEqual(tally.totals().refused, {
      'reservation/secret-missing': 1,
      'circuit/secret-missing': 1,
      'access/secret-wrong': 1,
      'connection/deny': 1
    })
  })

  it('counts refusals by what was asked for and why, whatever hosts and numbers the reasons name', () => {
    const tally = new Tally({ 'reservation-seconds': 60 })
    for (const host of ['1.2.3.4', '5.6.7.8']) {
      const reason = `${host} has 128 reservations already`
      const limit = 'reservations-per-host'
      tally.note({ ...reservation, action: 'refused', reason, limit }, 0)
      tally.note({ event: 'connection', host, action: 'closed', reason, limit: 'idle-seconds' }, 0)
      tally.note(
        { event: 'connection', host, action: 'refused', reason: 'the relay is stopping' },
        0
      )
    }
    tally.note({ ...circuit, action: 'refused', reason: 'the target has no reservation' }, 0)
    const room = { event: 'registration', peer: 'a', room: 'x' } as const
    tally.note({ ...room, action: 'refused', reason: 'whatever a record says' }, 0)
    assert.deepEqual(tally.totals().refused, {
      'reservation/reservations-per-host': 2,
      'connection/relay stopping': 2,
      'circuit/no reservation': 1,
      'registration/other': 1
    })
  })

  it('keeps no more names than there are, whatever remotes make the relay say', () => {
    const tally = new Tally({ 'reservation-seconds': 60 })
    for (let n = 0; n < 1000; n++) {
      tally.note({ ...circuit, action: 'refused', reason: `reason ${n}` }, 0)
      tally.note({ ...circuit, action: 'closed', reason: `end ${n}` }, 0)
    }
    assert.deepEqual(tally.totals().refused, { 'circuit/other': 1000 })
    assert.deepEqual(tally.totals().circuitsClosed, { other: 1000 })
  })
})

describe('the names of reasons', () => {
  it('fit the sentences that the books of the relay give', () => {
    const books = new Admission(DEFAULT_LIMITS)
    const [x, a] = [
      { peer: 'x', host: 'h2' },
      { peer: 'a', host: 'h1' }
    ]
    books.reserve('a', 'h1', 0)
    assert.equal(refusalName(reasonOf(books.openCircuit(x, 'nobody', 0))), 'no reservation')
    assert.equal(refusalName(reasonOf(books.openCircuit(a, 'a', 0))), 'not allowed')
    books.draining = true
    assert.equal(refusalName(reasonOf(books.openCircuit(x, 'a', 0))), 'relay stopping')
    assert.equal(refusalName(UNAVAILABLE.reason), 'rooms unavailable')
  })

  it('fit the ends of circuits', () => {
    assert.equal(endName('it was closed'), 'closed')
    assert.equal(endName('the stream of the target failed: reset'), 'connection failed')
    assert.equal(endName('the relay stopped'), 'relay stopped')
    assert.equal(endName('something new'), 'other')
  })
})
