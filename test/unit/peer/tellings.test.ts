// What a round of a punch tells those who watch the peer.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { punchTelling } from '../../../peer/tellings.ts'
import type { RoundResult } from '../../../peer/traversal/punch.ts'
import { CONE, RANDOM } from '../../support/reports.ts'

const ROUND: RoundResult = {
  via: 'dcutr',
  role: 'initiator',
  candidates: ['/a'],
  outcome: 'failed',
  ms: 7
}
const COMMON = { event: 'punch', peer: 'bob', attempt: 2, ...ROUND }

describe('the event of a punch', () => {
  it('says no more than is known', () => {
    assert.deepEqual(punchTelling('bob', 2, ROUND), COMMON)
    assert.deepEqual(punchTelling('bob', 2, { ...ROUND, guess: { own: CONE } }), COMMON)
  })

  it('has the evidence: both NATs with the ports seen, the guesses, and the reason', () => {
    const guess = { own: CONE, other: RANDOM, count: { fired: 3_072, connected: 0 } }
    assert.deepEqual(punchTelling('bob', 2, { ...ROUND, guess, reason: 'nothing met' }), {
      ...COMMON,
      reason: 'nothing met',
      nats: {
        own: { mapping: 'endpoint-independent', ports: 'preserved', seen: [4001] },
        other: {
          mapping: 'address-and-port-dependent',
          ports: 'random',
          seen: [40_001, 50_417, 1_952]
        }
      },
      guesses: 3_072
    })
  })
})
