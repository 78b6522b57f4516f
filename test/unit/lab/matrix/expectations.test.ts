// What the matrix expects of a pair, and what it complains about.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { NatKind } from '../../../lab/nat.ts'
import { complaints } from '../../../lab/matrix/expectations.ts'
import type { Run } from '../../../lab/matrix/run.ts'
import { direct, failed, relayed } from './runs.ts'

const AS_BEN_IS_TOLD =
  "anna's NAT changes ports (port 4001 became 40123 at the relay) and opens another one for you, which your NAT does not let in: a port forward (--announce) or an IPv6 address on either side would make it direct"
const AS_ANNA_IS_TOLD =
  'your NAT changes ports (port 4001 became 40123 at the relay) and opens another one for ben, whose NAT lets in only what it was asked for: a port forward (--announce) or an IPv6 address on either side would make it direct'
const NO_ANSWER =
  "none of ben's 2 addresses answers: a firewall between you drops the packets; a port forward (--announce) or an IPv6 address on either side would make it direct"
const NO_EXCHANGE =
  'agreeing on a direct connection with ben over the relay failed (failed to read CONNECT: it took too long)'

function wrong(kinds: [NatKind, NatKind], runs: Run[], lossPercent = 0): string[] {
  return complaints({ kinds, runs }, { lossPercent })
}

const hundred = (relayedOnes: number): Run[] =>
  Array.from({ length: 100 }, (_, n) => (n < relayedOnes ? relayed(NO_ANSWER) : direct(300)))

describe('the matrix', () => {
  it('expects 99 of 100 direct where ports are kept, and 95 where packets get lost', () => {
    assert.deepEqual(wrong(['drop', 'rst'], hundred(1)), [])
    assert.deepEqual(wrong(['drop', 'rst'], hundred(2)), ['98 % direct, where 99 % must be'])
    assert.deepEqual(wrong(['drop', 'rst'], hundred(5), 10), [])
    assert.deepEqual(wrong(['drop', 'rst'], hundred(6), 10), ['94 % direct, where 95 % must be'])
  })

  for (const open of ['none', 'full-cone', 'address-restricted'] as const) {
    it(`expects a NAT that changes ports to be direct with ${open}`, () => {
      assert.equal(wrong([open, 'symmetric'], [relayed(NO_ANSWER)]).length, 1)
    })
  }

  it('expects both to be told whose NAT changes ports', () => {
    const reasons = { a: AS_BEN_IS_TOLD, b: AS_ANNA_IS_TOLD }
    const told: Run = { newcomer: 'a', outcome: 'relayed', reasons }
    assert.deepEqual(wrong(['drop', 'symmetric'], [told]), [])
    const [a, b] = wrong(['symmetric', 'drop'], [told])
    assert.match(a ?? '', /^relayed, and A is told "anna's NAT/)
    assert.match(b ?? '', /^relayed, and B is told "your NAT/)
    assert.equal(wrong(['block', 'symmetric'], [told]).length, 2)
  })

  it('complains once when a side is told nothing', () => {
    const silent: Run = { newcomer: 'a', outcome: 'relayed', reasons: { a: AS_BEN_IS_TOLD } }
    assert.deepEqual(wrong(['rst', 'block'], [silent, silent]), ['relayed, and B is told nothing'])
  })

  it('takes it for a reason that the exchange failed only where packets get lost', () => {
    const [why, ...others] = wrong(['drop', 'drop'], [relayed(NO_EXCHANGE)], 0)
    assert.equal(others.length, 2)
    assert.match(why ?? '', /^0 % direct/)
    assert.equal(wrong(['drop', 'drop'], [relayed(NO_EXCHANGE)], 10).length, 1)
  })

  it('takes every sentence for one that tells what was dialled and what would do', () => {
    const what =
      'a port forward (--announce) or an IPv6 address on either side would make it direct'
    for (const sentence of [
      NO_ANSWER,
      `ben's address does not answer: a firewall between you drops the packets; ${what}`,
      `none of ben's addresses let us in (/ip4/7.7.7.3/tcp/4001: refused 6 ×): ${what}`
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
