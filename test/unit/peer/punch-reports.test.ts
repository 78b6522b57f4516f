// What a peer tells of its punches: which, and how little.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { multiaddr } from '@multiformats/multiaddr'
import type { PeerEvent } from '../../../peer/events.ts'
import { reportOf } from '../../../peer/punch-reports.ts'
import { ROUNDS } from '../../../peer/traversal/plan.ts'

type Punch = Extract<PeerEvent, { event: 'punch' }>

const INSIDE = '/ip4/192.168.1.2/tcp/4001'
const own = {
  mapped: [multiaddr('/ip4/198.51.100.7/tcp/4001')],
  listening: [multiaddr('/ip4/10.0.0.5/tcp/4001'), multiaddr('/ip6/2001:db8::1/tcp/4001')]
}

const punch = (changes: Partial<Punch>): Punch => ({
  event: 'punch',
  peer: 'a',
  attempt: 1,
  via: 'dcutr',
  role: 'initiator',
  candidates: ['/ip4/81.2.69.142/tcp/61000', INSIDE],
  outcome: 'direct',
  ms: 1,
  ...changes
})

describe('a peer that tells of its punches', () => {
  it('says how it ended and what became of the ports', () => {
    const expected = { outcome: 'direct', ownPort: 'kept', remotePort: 'changed' }
    assert.deepEqual(reportOf(punch({}), own), expected)
  })

  it('says unknown where it has not seen both sides of a NAT', () => {
    for (const candidates of [[], [INSIDE], ['/ip4/81.2.69.142/tcp/61000']]) {
      const report = reportOf(punch({ candidates }), { ...own, mapped: [] })
      assert.deepEqual(report, { outcome: 'direct', ownPort: 'unknown', remotePort: 'unknown' })
    }
  })

  it('tells of a failure once, after the last of the quick rounds', () => {
    const outcome = 'failed'
    const told = [1, ROUNDS - 1, ROUNDS, ROUNDS + 1].map(
      (attempt) => reportOf(punch({ outcome, attempt }), own)?.outcome
    )
    assert.deepEqual(told, [undefined, undefined, outcome, undefined])
  })

  it('leaves it to the initiator', () => {
    assert.equal(reportOf(punch({ role: 'responder' }), own), undefined)
  })
})
