// The numbers and rules of a punch: who yields, when to dial again, how many rounds.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { assert as always, pre, property, string } from 'fast-check'
import {
  dialDelayMs,
  EAGER_MS,
  pauseAfter,
  pauseAfterLosses,
  punchRole,
  redialAfterMs,
  REDIAL_MS,
  ROUNDS,
  SPACED_REDIAL_MS,
  TAKEN_REDIAL_MS,
  WINDOW_MS,
  yieldsTo
} from '../../../../peer/traversal/plan.ts'

describe('the plan of a punch', () => {
  it('lets exactly one of two peers yield when both started a round', () => {
    always(
      property(string(), string(), (one, other) => {
        pre(one !== other)
        assert.notEqual(yieldsTo(one, other), yieldsTo(other, one))
      })
    )
    assert.equal(yieldsTo('b', 'a'), true, 'the smaller one goes on')
  })

  it('has quick rounds first, then longer and longer pauses, and no end', () => {
    assert.ok(ROUNDS >= 3)
    const pauses = Array.from({ length: 12 }, (_, index) => pauseAfter(index + 1, 0))
    assert.ok(
      pauses.every((ms, index) => ms >= (pauses[index - 1] ?? 0)),
      pauses.join()
    )
    assert.ok((pauses[ROUNDS - 2] ?? NaN) < 10_000)
    assert.ok((pauses[ROUNDS - 1] ?? NaN) >= 10_000)
    assert.equal(pauses.at(-1), pauseAfter(1_000_000, 0))
    assert.ok((pauses.at(-1) ?? NaN) <= 600_000)
  })

  it('lengthens pauses by up to a half at random', () => {
    assert.equal(pauseAfter(2, 0.5), pauseAfter(2, 0) * 1.25)
  })

  it('is more careful with every direct connection that is lost soon', () => {
    const pauses = Array.from({ length: 8 }, (_, losses) => pauseAfterLosses(losses))
    assert.equal(pauses[0], 0)
    assert.ok(
      pauses.every((ms, index) => ms >= (pauses[index - 1] ?? 0)),
      pauses.join()
    )
    assert.equal(pauses.at(-1), pauses.at(-2))
  })

  it('makes the one who answers the client, whose CONNECT came second', () => {
    assert.equal(punchRole('responder'), 'client')
    assert.equal(punchRole('initiator'), 'server')
  })

  it('lets both dial at one moment: at SYNC, and half a round trip after sending it', () => {
    assert.equal(dialDelayMs('responder', 80), 0)
    assert.equal(dialDelayMs('initiator', 80), 40)
  })

  for (const code of ['ECONNREFUSED', 'ENETUNREACH', 'EHOSTUNREACH', 'ECONNRESET']) {
    it(`dials a public address again at once after ${code}, and spaced later on`, () => {
      assert.equal(redialAfterMs(code, 0, true, 0.5), REDIAL_MS)
      assert.equal(redialAfterMs(code, EAGER_MS - 1, true, 0.5), REDIAL_MS)
      assert.equal(redialAfterMs(code, EAGER_MS, true, 0.5), SPACED_REDIAL_MS)
    })

    it(`spaces the dials of a private address from the first ${code} on: a host has answered, not a NAT`, () => {
      assert.equal(redialAfterMs(code, 0, false, 0.5), SPACED_REDIAL_MS)
    })
  }

  it('spaces the dials when it was the handshake that failed: somebody else lives there', () => {
    assert.equal(redialAfterMs(undefined, 0, true, 0.5), SPACED_REDIAL_MS)
  })

  it('varies its pauses, so that two sides that dial out of phase do not stay out of it', () => {
    for (const [ageMs, pauseMs] of [
      [0, REDIAL_MS],
      [EAGER_MS, SPACED_REDIAL_MS]
    ] as const) {
      assert.equal(redialAfterMs('ECONNREFUSED', ageMs, true, 0), pauseMs / 2)
      assert.equal(redialAfterMs('ECONNREFUSED', ageMs, true, 1), pauseMs * 1.5)
    }
  })

  it('gives the other side time after EADDRNOTAVAIL: its SYN was first', () => {
    assert.equal(redialAfterMs('EADDRNOTAVAIL', 0, true, 0.5), TAKEN_REDIAL_MS)
    assert.equal(redialAfterMs('EADDRNOTAVAIL', EAGER_MS, true, 0.5), TAKEN_REDIAL_MS)
    assert.ok(TAKEN_REDIAL_MS > REDIAL_MS * 10)
  })

  for (const code of ['EINVAL', 'EAFNOSUPPORT', 'EACCES']) {
    it(`does not dial again after ${code}, which no time mends`, () => {
      assert.equal(redialAfterMs(code, 0, true, 0.5), undefined)
    })
  }

  it('leaves room in the window for two SYNs that were lost (repeated after 1 s and 3 s)', () => {
    assert.ok(WINDOW_MS > 3_000)
  })
})
