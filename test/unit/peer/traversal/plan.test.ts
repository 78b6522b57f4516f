// The numbers and rules of a punch: who yields, when to dial again, how many rounds.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { assert as always, pre, property, string } from 'fast-check'
import {
  dialDelayMs,
  EAGER_DIALS,
  pauseAfter,
  pauseAfterLosses,
  punchRole,
  redialAfterMs,
  REDIAL_MS,
  REFUSED_PAUSE_MS,
  ROUNDS,
  SPACED_REDIAL_MS,
  TAKEN_REDIAL_MS,
  WINDOW_MS,
  yieldsTo,
  type FailedDial,
  type Pause
} from '../../../../peer/traversal/plan.ts'

const pause = (attempt: number, rest: Partial<Pause> = {}): number =>
  pauseAfter({ attempt, sawRst: false, random: 0, ...rest })

const redial = (rest: Partial<FailedDial>): number | undefined =>
  redialAfterMs({ errorCode: 'ECONNREFUSED', dials: 1, isNat: true, random: 0.5, ...rest })

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
    const pauses = Array.from({ length: 12 }, (_, index) => pause(index + 1))
    assert.ok(
      pauses.every((ms, index) => ms >= (pauses[index - 1] ?? 0)),
      pauses.join()
    )
    assert.ok((pauses[ROUNDS - 2] ?? NaN) < 10_000)
    assert.ok((pauses[ROUNDS - 1] ?? NaN) >= 10_000)
    assert.equal(pauses.at(-1), pause(1_000_000))
    assert.ok((pauses.at(-1) ?? NaN) <= 600_000)
  })

  it('lengthens pauses by up to a half at random', () => {
    assert.equal(pause(2, { random: 0.5 }), pause(2) * 1.25)
  })

  it('leaves a NAT alone that has answered RST, for longer than Linux remembers that', () => {
    assert.ok(REFUSED_PAUSE_MS > 10_000)
    assert.equal(pause(1, { sawRst: true }), REFUSED_PAUSE_MS)
    assert.equal(pause(ROUNDS + 3, { sawRst: true }), pause(ROUNDS + 3))
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
    it(`dials what may be a NAT again at once after ${code}, and spaced later on`, () => {
      assert.equal(redial({ errorCode: code }), REDIAL_MS)
      assert.equal(redial({ errorCode: code, dials: EAGER_DIALS - 1 }), REDIAL_MS)
      assert.equal(redial({ errorCode: code, dials: EAGER_DIALS }), SPACED_REDIAL_MS)
    })

    it(`spaces the dials of a host from the first ${code} on: it goes on refusing`, () => {
      assert.equal(redial({ errorCode: code, isNat: false }), SPACED_REDIAL_MS)
    })
  }

  it('spaces the dials when it was the handshake that failed: somebody else lives there', () => {
    assert.equal(redial({ errorCode: undefined }), SPACED_REDIAL_MS)
  })

  it('varies its pauses, so that two sides that dial out of phase do not stay out of it', () => {
    for (const [dials, pauseMs] of [
      [1, REDIAL_MS],
      [EAGER_DIALS, SPACED_REDIAL_MS]
    ] as const) {
      assert.equal(redial({ dials, random: 0 }), pauseMs / 2)
      assert.equal(redial({ dials, random: 1 }), pauseMs * 1.5)
    }
  })

  it('gives the other side time after EADDRNOTAVAIL: its SYN was first', () => {
    assert.equal(redial({ errorCode: 'EADDRNOTAVAIL' }), TAKEN_REDIAL_MS)
    assert.equal(redial({ errorCode: 'EADDRNOTAVAIL', dials: EAGER_DIALS }), TAKEN_REDIAL_MS)
    assert.ok(TAKEN_REDIAL_MS > REDIAL_MS * 10)
  })

  for (const code of ['EINVAL', 'EAFNOSUPPORT', 'EACCES']) {
    it(`does not dial again after ${code}, which no time mends`, () => {
      assert.equal(redial({ errorCode: code }), undefined)
    })
  }

  it('leaves room in the window for two SYNs that were lost (repeated after 1 s and 3 s)', () => {
    assert.ok(WINDOW_MS > 3_000)
  })
})
