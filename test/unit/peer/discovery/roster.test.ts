// What a listing changes in who is known.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { multiaddr } from '@multiformats/multiaddr'
import type { FoundPeer } from '../../../../peer/discovery/rendezvous-client.ts'
import { Roster } from '../../../../peer/discovery/roster.ts'
import { somebody } from '../../../support/somebody.ts'

const [ada, bob] = [await somebody(), await somebody()]

function found(peer: typeof ada, sequence: number, ...addresses: string[]): FoundPeer {
  const record = new Uint8Array()
  return { peer, sequence, addresses: addresses.map((a) => multiaddr(a)), record, ttlMs: 1 }
}

describe('roster', () => {
  it('tells of those who are new, and of those who have registered again, once', () => {
    const roster = new Roster()
    const first = found(ada, 1, '/ip4/192.0.2.1/tcp/1')
    assert.deepEqual(roster.update([first]), [first])
    assert.deepEqual(roster.update([first]), [])
    const again = found(ada, 2, '/ip4/192.0.2.1/tcp/1')
    assert.deepEqual(roster.update([again]), [again], 'it may have left and come back')
    assert.deepEqual(roster.update([again]), [])
    const moved = found(ada, 3, '/ip4/192.0.2.2/tcp/1')
    assert.deepEqual(roster.update([moved]), [moved])
  })

  it('ignores records older than the one it has', () => {
    const roster = new Roster()
    roster.update([found(ada, 2, '/ip4/192.0.2.2/tcp/1')])
    assert.deepEqual(roster.update([found(ada, 1, '/ip4/192.0.2.1/tcp/1')]), [])
  })

  it('knows those of a listing with their newest addresses', () => {
    const roster = new Roster()
    roster.update([found(ada, 2, '/ip4/192.0.2.2/tcp/1'), found(bob, 1)])
    roster.update([found(ada, 1, '/ip4/192.0.2.1/tcp/1')])
    const known = roster.known(new Set([ada.toString()]))
    assert.deepEqual(
      known.map(({ peer, addresses }) => [peer, addresses.map(String)]),
      [[ada, ['/ip4/192.0.2.2/tcp/1']]]
    )
  })

  it('tells once who is missing, and knows them as new when they come back', () => {
    const roster = new Roster()
    roster.update([found(ada, 1), found(bob, 1)])
    assert.deepEqual(roster.retain(new Set([bob.toString()])), [ada])
    assert.deepEqual(roster.retain(new Set([bob.toString()])), [])
    assert.equal(roster.update([found(ada, 1)]).length, 1)
  })
})
