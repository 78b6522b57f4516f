// The books of the relay, with a clock made of numbers.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Access, OPEN_TO_ALL } from '../../../relay/access/access.ts'
import {
  Admission,
  type CircuitGrant,
  type CircuitPlace,
  type Refusal
} from '../../../relay/admission.ts'
import { DEFAULT_LIMITS, type RelayLimits } from '../../../relay/limits.ts'
import { CircuitStatus } from '../../../shared/wire/circuit.ts'

const HOUR_MS = 3_600_000

const books = (limits: Partial<RelayLimits> = {}): Admission =>
  new Admission({ ...DEFAULT_LIMITS, ...limits })

const at = (peer: string, host = 'h'): { peer: string; host: string } => ({ peer, host })

/** What an admitted circuit has taken. */
function placeOf(verdict: CircuitGrant | Refusal): CircuitPlace {
  assert.ok(verdict.admitted, 'it was refused')
  return verdict.place
}

function assertRefused(
  verdict: CircuitGrant | { admitted: true } | Refusal,
  status: number,
  reason: RegExp
): void {
  assert.ok(!verdict.admitted, 'it was admitted')
  assert.equal(verdict.status, status)
  assert.match(verdict.reason, reason)
}

describe('admission of those who are not let in', () => {
  it('refuses what they ask for before any limit is looked at, by the name of the rule', () => {
    const access = new Access({ ...OPEN_TO_ALL, allow: ['a'] })
    const admission = new Admission({ ...DEFAULT_LIMITS, reservations: 0 }, access)
    const { PERMISSION_DENIED, RESERVATION_REFUSED } = CircuitStatus
    assertRefused(admission.reserve('b', 'h', 0), PERMISSION_DENIED, /not on the allow list/)
    assertRefused(
      admission.openCircuit(at('b'), 'a', 0),
      PERMISSION_DENIED,
      /not on the allow list/
    )
    assertRefused(admission.reserve('a', 'h', 0), RESERVATION_REFUSED, /reservations are taken/)
    const verdict = admission.reserve('b', 'h', 0)
    assert.equal(verdict.admitted ? undefined : verdict.rule, 'allow')
  })

  it('lets what they have go on', () => {
    const access = new Access()
    const admission = new Admission(DEFAULT_LIMITS, access)
    assert.ok(admission.reserve('b', 'h', 0).admitted)
    access.reload({ ...OPEN_TO_ALL, allow: ['a'] })
    assert.ok(admission.openCircuit(at('a'), 'b', 0).admitted)
    assertRefused(admission.reserve('b', 'h', 0), CircuitStatus.PERMISSION_DENIED, /allow list/)
  })
})

describe('admission of reservations', () => {
  it('grants one for an hour, and renews it', () => {
    const admission = books()
    assert.deepEqual(admission.reserve('a', 'h', 1000), {
      admitted: true,
      renewed: false,
      expiresAtMs: 1000 + HOUR_MS
    })
    assert.deepEqual(admission.reserve('a', 'h', 5000), {
      admitted: true,
      renewed: true,
      expiresAtMs: 5000 + HOUR_MS
    })
    assert.equal(admission.reservations, 1)
  })

  it('refuses when all are taken, but still renews, and grants again after a release', () => {
    const admission = books({ reservations: 2 })
    admission.reserve('a', 'h1', 0)
    admission.reserve('b', 'h2', 0)
    assertRefused(
      admission.reserve('c', 'h3', 0),
      CircuitStatus.RESERVATION_REFUSED,
      /all 2 reservations/
    )
    assert.ok(admission.reserve('a', 'h1', 1).admitted)
    assert.ok(admission.release('a'))
    assert.ok(admission.reserve('c', 'h3', 2).admitted)
  })

  it('refuses a host that has its share, and nobody else', () => {
    const admission = books({ 'reservations-per-host': 2 })
    admission.reserve('a', 'nat', 0)
    admission.reserve('b', 'nat', 0)
    assertRefused(
      admission.reserve('c', 'nat', 0),
      CircuitStatus.RESERVATION_REFUSED,
      /nat has 2 reservations/
    )
    assert.ok(admission.reserve('b', 'nat', 0).admitted, 'renewing takes no further place')
    assert.ok(admission.reserve('c', 'elsewhere', 0).admitted)
  })

  it('moves a reservation that is renewed from another host', () => {
    const admission = books({ 'reservations-per-host': 1 })
    admission.reserve('a', 'home', 0)
    assert.ok(admission.reserve('a', 'office', 1).admitted)
    assert.ok(admission.reserve('b', 'home', 1).admitted, 'home is free again')
    assertRefused(
      admission.reserve('b', 'office', 1),
      CircuitStatus.RESERVATION_REFUSED,
      /office has 1/
    )
    assert.equal(admission.reservations, 2, 'a refused move keeps what there was')
  })

  it('expires what has run out, and says when to look next', () => {
    const admission = books({ 'reservation-seconds': 0.1 })
    assert.equal(admission.nextExpiryMs(), undefined)
    admission.reserve('a', 'h', 0)
    admission.reserve('b', 'h', 50)
    assert.equal(admission.nextExpiryMs(), 100)
    assert.deepEqual(admission.expire(99), [])
    assert.deepEqual(admission.expire(100), ['a'])
    assert.equal(admission.nextExpiryMs(), 150)
    assert.equal(admission.release('a'), false)
  })

  it('lets 64 people behind one NAT in by default', () => {
    const admission = books()
    for (let i = 0; i < 64; i++) assert.ok(admission.reserve(`peer ${i}`, 'nat', 0).admitted)
  })
})

describe('admission of circuits', () => {
  it('needs a reservation of the target that has not run out', () => {
    const admission = books({ 'reservation-seconds': 0.1 })
    const { NO_RESERVATION } = CircuitStatus
    assertRefused(admission.openCircuit(at('a'), 'b', 0), NO_RESERVATION, /no reservation/)
    admission.reserve('b', 'h', 0)
    assert.ok(admission.openCircuit(at('a'), 'b', 99).admitted)
    assertRefused(admission.openCircuit(at('a'), 'b', 100), NO_RESERVATION, /no reservation/)
  })

  it('refuses a circuit of a peer to itself', () => {
    const admission = books()
    admission.reserve('a', 'h', 0)
    assertRefused(admission.openCircuit(at('a'), 'a', 0), CircuitStatus.PERMISSION_DENIED, /itself/)
  })

  it('counts circuits in total and at both of their ends, and gives places back', () => {
    const admission = books({ circuits: 3, 'circuits-per-peer': 2 })
    const { RESOURCE_LIMIT_EXCEEDED } = CircuitStatus
    for (const peer of ['a', 'b', 'c', 'd']) admission.reserve(peer, 'h', 0)
    const first = placeOf(admission.openCircuit(at('a'), 'b', 0))
    assert.ok(admission.openCircuit(at('c'), 'b', 0).admitted)
    assertRefused(
      admission.openCircuit(at('d'), 'b', 0),
      RESOURCE_LIMIT_EXCEEDED,
      /the target has 2/
    )
    assertRefused(
      admission.openCircuit(at('b'), 'd', 0),
      RESOURCE_LIMIT_EXCEEDED,
      /dialling peer has 2/
    )
    assert.ok(admission.openCircuit(at('a'), 'c', 0).admitted)
    assertRefused(
      admission.openCircuit(at('d'), 'x', 0),
      CircuitStatus.NO_RESERVATION,
      /reservation/
    )
    assertRefused(admission.openCircuit(at('x'), 'd', 0), RESOURCE_LIMIT_EXCEEDED, /all 3 circuits/)
    admission.closeCircuit(first)
    assert.equal(admission.circuits, 2)
    assert.ok(admission.openCircuit(at('d'), 'b', 0).admitted)
  })

  it('refuses a host that has its share at either end, and nobody else', () => {
    const admission = books({ 'circuits-per-host': 2 })
    const { RESOURCE_LIMIT_EXCEEDED } = CircuitStatus
    admission.reserve('a', 'nat', 0)
    admission.reserve('b', 'elsewhere', 0)
    admission.reserve('c', 'afar', 0)
    const out = placeOf(admission.openCircuit(at('x', 'nat'), 'b', 0))
    const into = placeOf(admission.openCircuit(at('c', 'afar'), 'a', 0))
    const refused = admission.openCircuit(at('y', 'nat'), 'b', 0)
    assertRefused(refused, RESOURCE_LIMIT_EXCEEDED, /^nat has 2 circuits already$/)
    assert.equal(refused.admitted ? undefined : refused.limit, 'circuits-per-host')
    assertRefused(admission.openCircuit(at('b'), 'a', 0), RESOURCE_LIMIT_EXCEEDED, /nat has 2/)
    assert.ok(admission.openCircuit(at('b', 'elsewhere'), 'c', 0).admitted)
    admission.closeCircuit(out)
    admission.closeCircuit(into)
    assert.ok(admission.openCircuit(at('y', 'nat'), 'b', 0).admitted)
  })

  it('counts a circuit within a host once there, and gives back what it took wherever its peer is by then', () => {
    const admission = books({ 'circuits-per-host': 1 })
    const used = (): number | undefined =>
      admission.usage().find(({ limit }) => limit === 'circuits-per-host')?.used
    admission.reserve('b', 'nat', 0)
    const within = placeOf(admission.openCircuit(at('a', 'nat'), 'b', 0))
    assert.equal(used(), 1)
    admission.reserve('b', 'elsewhere', 0)
    admission.closeCircuit(within)
    assert.equal(used(), 0)
    assert.ok(admission.openCircuit(at('a', 'nat'), 'b', 0).admitted)
    assert.equal(used(), 1)
  })

  it('has room by default for 20 people who all dial each other at once', () => {
    const admission = books()
    const room = Array.from({ length: 20 }, (_, i) => `peer ${i}`)
    for (const peer of room) admission.reserve(peer, 'nat', 0)
    for (const from of room) {
      for (const to of room) {
        if (from !== to)
          assert.ok(admission.openCircuit(at(from), to, 0).admitted, `${from} to ${to}`)
      }
    }
  })
})
