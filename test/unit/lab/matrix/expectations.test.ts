// What the matrix expects of a pair, and what it complains about.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { NatKind } from '../../../lab/nat.ts'
import { atOnceComplaint, complaints } from '../../../lab/matrix/expectations.ts'
import type { Run } from '../../../lab/matrix/run.ts'
import { direct, failed, relayed } from './runs.ts'

const WHAT_TO_DO =
  'a port forward (--announce) or an IPv6 address on either side would make it direct'
const KEEPS = 'NAT keeps to one port and lets in only whom it has sent to (4001 seen)'
const CHANGES = 'NAT gives every destination another port (40123, 23456, 61234 seen)'
const COUNTS = 'NAT gives every destination the next port (40001, 40002, 40003 seen)'
const MET_NOTHING = `3072 tries at guessed ports met nothing; ${WHAT_TO_DO}`
const HOPELESS = `neither side can know where to dial; ${WHAT_TO_DO}`
const NO_ANSWER =
  "none of ben's 2 addresses answers: a firewall between you drops the packets; a port forward (--announce) or an IPv6 address on either side would make it direct"
const NO_EXCHANGE =
  'agreeing on a direct connection with ben over the relay failed (failed to read CONNECT: it took too long)'

function wrong(kinds: [NatKind, NatKind], runs: Run[], lossPercent = 0): string[] {
  return complaints({ kinds, runs }, { lossPercent })
}

const later: Run = { newcomer: 'a', outcome: 'direct', direct: { firstAttempt: false } }

const hundred = (relayedOnes: number): Run[] =>
  Array.from({ length: 100 }, (_, n) => (n < relayedOnes ? relayed(NO_ANSWER) : direct(300)))

/** A hundred runs, of which so many were direct later than at once, and two of a pair that stays relayed. */
const cells = (late: number): Array<{ kinds: [NatKind, NatKind]; runs: Run[] }> => [
  { kinds: ['drop', 'drop'], runs: Array.from({ length: 100 - late }, () => direct(300)) },
  { kinds: ['drop', 'symmetric'], runs: Array.from({ length: late }, () => later) },
  { kinds: ['symmetric', 'symmetric'], runs: [relayed(HOPELESS), relayed(HOPELESS)] }
]

describe('the matrix', () => {
  it('expects 99 of 100 direct where ports are kept, and 95 where packets get lost', () => {
    assert.deepEqual(wrong(['drop', 'rst'], hundred(1)), [])
    assert.deepEqual(wrong(['drop', 'rst'], hundred(2)), ['98 % direct, where 99 % must be'])
    assert.deepEqual(wrong(['drop', 'rst'], hundred(5), 10), [])
    assert.deepEqual(wrong(['drop', 'rst'], hundred(6), 10), ['94 % direct, where 95 % must be'])
  })

  it('expects 99 of 100 runs direct at once, 95 with loss or skewed delays, whatever stays relayed for good', () => {
    const even = { delaysMs: { relay: 5, a: 15, b: 15 }, lossPercent: 0 }
    const skewed = { ...even, delaysMs: { relay: 5, a: 3, b: 27 } }
    assert.equal(atOnceComplaint(cells(1), even), undefined)
    assert.equal(
      atOnceComplaint(cells(2), even),
      '98 % of all runs direct at the first attempt, where 99 % must be'
    )
    for (const hard of [skewed, { ...even, lossPercent: 10 }]) {
      assert.equal(atOnceComplaint(cells(5), hard), undefined)
      assert.match(atOnceComplaint(cells(6), hard) ?? '', /^94 % .* 95 % must be$/)
    }
    const few = cells(50).slice(0, 1)
    assert.equal(atOnceComplaint(few, even), undefined)
  })

  for (const open of ['none', 'full-cone', 'address-restricted'] as const) {
    it(`expects a NAT that changes ports to be direct with ${open}`, () => {
      assert.equal(wrong([open, 'symmetric'], [relayed(NO_ANSWER)]).length, 1)
    })
  }

  it('expects both to be told what each NAT does, and what came of guesses', () => {
    const reasons = {
      a: `your ${KEEPS}, ben's ${CHANGES}: ${MET_NOTHING}`,
      b: `your ${CHANGES}, anna's ${KEEPS}: ${MET_NOTHING}`
    }
    const told: Run = { newcomer: 'a', outcome: 'relayed', reasons }
    const runs = [...Array.from({ length: 19 }, () => direct(300)), told]
    assert.deepEqual(wrong(['drop', 'symmetric'], runs), [])
    assert.equal(wrong(['symmetric', 'drop'], runs).length, 2)
    assert.equal(wrong(['drop', 'sequential'], runs).length, 3)
    assert.deepEqual(wrong(['drop', 'symmetric'], [told, told]), ['0 % direct, where 95 % must be'])
  })

  it('expects two NATs that change ports to be guessed unless one of them does so at random', () => {
    const reasons = {
      a: `your ${COUNTS}, ben's ${CHANGES}: ${HOPELESS}`,
      b: `your ${CHANGES}, anna's ${COUNTS}: ${HOPELESS}`
    }
    const told: Run = { newcomer: 'a', outcome: 'relayed', reasons }
    assert.deepEqual(wrong(['sequential', 'symmetric-rst'], [told]), [])
    assert.equal(wrong(['sequential', 'sequential'], [told]).length, 3)
  })

  it('expects a firewall to be told of as what it is, and not as a NAT', () => {
    const firewall = 'no NAT but a firewall that lets in only whom it has sent to (4001 seen)'
    const reasons = {
      a: `you have ${firewall}, ben's ${CHANGES}: ${MET_NOTHING}`,
      b: `your ${CHANGES}, anna has ${firewall}: ${MET_NOTHING}`
    }
    const told: Run = { newcomer: 'a', outcome: 'relayed', reasons }
    const runs = [...Array.from({ length: 19 }, () => direct(300)), told]
    assert.deepEqual(wrong(['firewall', 'symmetric'], runs), [])
    assert.equal(wrong(['drop', 'symmetric'], runs).length, 2)
  })

  it('complains once when a side is told nothing', () => {
    const a = `your ${CHANGES}, ben's ${CHANGES}: ${HOPELESS}`
    const silent: Run = { newcomer: 'a', outcome: 'relayed', reasons: { a } }
    const complaint = 'relayed, and B is told nothing'
    assert.deepEqual(wrong(['symmetric', 'symmetric'], [silent, silent]), [complaint])
  })

  it('takes it for a reason that the exchange failed only where packets get lost', () => {
    const [why, ...others] = wrong(['drop', 'drop'], [relayed(NO_EXCHANGE)], 0)
    assert.equal(others.length, 2)
    assert.match(why ?? '', /^0 % direct/)
    assert.equal(wrong(['drop', 'drop'], [relayed(NO_EXCHANGE)], 10).length, 1)
  })

  it('takes every sentence for one that tells what was dialled and what would do', () => {
    for (const sentence of [
      NO_ANSWER,
      `ben's address does not answer: a firewall between you drops the packets; ${WHAT_TO_DO}`,
      `none of ben's addresses let us in (/ip4/7.7.7.3/tcp/4001: refused 6 ×): ${WHAT_TO_DO}`,
      `ben's public address /ip4/7.7.7.3/tcp/4001 does not answer: a firewall between you drops the packets, and no other address lets us in (/ip4/10.0.0.6/tcp/4001: refused 6 ×); ${WHAT_TO_DO}`,
      `2 of ben's public addresses do not answer (/ip4/7.7.7.3/tcp/4001 is one): a firewall between you drops the packets, and no other address lets us in (/ip4/10.0.0.6/tcp/4001: refused 6 ×); ${WHAT_TO_DO}`
    ])
      assert.equal(wrong(['drop', 'drop'], [relayed(sentence)]).length, 1, sentence)
  })

  it('complains of runs that did not come to an end, whatever is expected', () => {
    assert.deepEqual(wrong(['symmetric', 'symmetric'], [failed('nobody came')]), ['nobody came'])
  })

  it('does not complain of direct runs that nobody expected, or of no runs', () => {
    assert.deepEqual(wrong(['symmetric', 'symmetric'], [direct(300)]), [])
    assert.deepEqual(wrong(['drop', 'drop'], []), [])
  })
})
