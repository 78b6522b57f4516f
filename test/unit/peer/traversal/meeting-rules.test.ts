// What a relay or a member can make us dial by telling us to punch.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { multiaddr, type Multiaddr } from '@multiformats/multiaddr'
import {
  isOutdated,
  MAX_DIALS_PER_HOST_AND_MINUTE,
  MAX_DIALS_PER_MINUTE,
  MAX_MEETING_CANDIDATES,
  MAX_MEETINGS_PER_MINUTE,
  MAX_MEETINGS_PER_PEER_AND_MINUTE,
  MAX_RECORD_AGE_MS,
  MeetingBudget,
  meetingCandidates,
  meetingRole
} from '../../../../peer/traversal/meeting-rules.ts'

const RELAY = '/ip4/7.7.7.1/tcp/4001'
const OWN = ['/ip4/11.0.0.5/tcp/5000', '/ip4/192.168.7.2/tcp/5000']

const addresses = (texts: string[]): Multiaddr[] => texts.map((text) => multiaddr(text))

function dialled(offered: string[], own: string[] = OWN, relays: string[] = [RELAY]): string[] {
  return meetingCandidates({
    offered: addresses(offered),
    own: addresses(own),
    relays: addresses(relays)
  }).map(String)
}

const taken = (count: number, take: (n: number) => boolean): number =>
  Array.from({ length: count }, (_, n) => take(n)).filter(Boolean).length

/** How many dials there are to knock with. */
const knock = (count: number, address: (n: number) => string): number => {
  const budget = new MeetingBudget()
  return taken(count, (n) => budget.takeDial(multiaddr(address(n)), 0))
}

describe('the candidates of a meeting', () => {
  it('are what is on the Internet, and what is on a network that we are on', () => {
    const good = ['/ip4/11.0.0.9/tcp/6000', '/ip6/2a00:1::9/tcp/6000', '/ip4/192.168.7.9/tcp/6000']
    assert.deepEqual(dialled(good), good)
  })

  const REFUSED: Array<[what: string, address: string]> = [
    ['on another’s private network', '/ip4/10.3.3.3/tcp/6000'],
    ['loopback', '/ip4/127.0.0.1/tcp/6000'],
    ['loopback of IPv6', '/ip6/::1/tcp/6000'],
    ['in disguise', '/ip6/::ffff:127.0.0.1/tcp/6000'],
    ['unspecified', '/ip4/0.0.0.0/tcp/6000'],
    ['link-local', '/ip4/169.254.169.254/tcp/8080'],
    ['multicast', '/ip4/224.0.0.251/tcp/6000'],
    ['multicast of IPv6', '/ip6/ff02::1/tcp/6000'],
    ['broadcast', '/ip4/255.255.255.255/tcp/6000'],
    ['without a port', '/ip4/11.0.0.9/tcp/0'],
    ['a shell', '/ip4/11.0.0.9/tcp/22'],
    ['a mail server', '/ip4/11.0.0.9/tcp/25'],
    ['a name', '/dns4/example.org/tcp/6000'],
    ['the relay’s own', RELAY],
    ['our own', '/ip4/11.0.0.5/tcp/5000'],
    ['no TCP', '/ip4/11.0.0.9/udp/6000/quic-v1'],
    ['a circuit', `${RELAY}/p2p/12D3KooWEHUQf4tPKh6TeSX5WdAhMP5xmtLXQDAerLhRyRJf2CwX/p2p-circuit`]
  ]
  for (const [what, address] of REFUSED) {
    it(`are none that is ${what}: ${address}`, () => {
      assert.deepEqual(dialled([address]), [])
    })
  }

  it('are none that is where a relay answers, whatever it was called', () => {
    const named = '/dns4/relay.example/tcp/4001'
    const answers = `${RELAY}/p2p/12D3KooWEHUQf4tPKh6TeSX5WdAhMP5xmtLXQDAerLhRyRJf2CwX`
    assert.deepEqual(dialled([RELAY], OWN, [named, answers]), [])
  })

  it('are a few of hundreds', () => {
    const hundreds = Array.from({ length: 500 }, (_, n) => `/ip4/11.0.1.9/tcp/${6000 + n}`)
    assert.deepEqual(dialled(hundreds), hundreds.slice(0, MAX_MEETING_CANDIDATES))
  })
})

describe('the budget of meetings', () => {
  it('has some for each peer, and not many more for all', () => {
    const budget = new MeetingBudget()
    assert.equal(
      taken(50, () => budget.take('mal', 0)),
      MAX_MEETINGS_PER_PEER_AND_MINUTE
    )
    const others = taken(500, (n) => budget.take(`mal ${n}`, 0))
    assert.equal(others, MAX_MEETINGS_PER_MINUTE - MAX_MEETINGS_PER_PEER_AND_MINUTE)
    assert.equal(budget.take('ann', 59_999), false)
    assert.equal(budget.take('ann', 60_000), true)
  })

  it('has so many dials for one host, whatever its port and whoever names it', () => {
    const dials = knock(500, (n) => `/ip4/11.0.0.9/tcp/${6000 + n}`)
    assert.equal(dials, MAX_DIALS_PER_HOST_AND_MINUTE)
  })

  it('counts a network of IPv6 as one host', () => {
    const dials = knock(500, (n) => `/ip6/2a00:1:2:3::${n + 1}/tcp/6000`)
    assert.equal(dials, MAX_DIALS_PER_HOST_AND_MINUTE)
  })

  it('has so many dials in all', () => {
    const dials = knock(3000, (n) => `/ip4/11.${n >> 8}.${n & 255}.9/tcp/6000`)
    assert.equal(dials, MAX_DIALS_PER_MINUTE)
  })
})

it('a record from another day is too old to punch with: its address may be another’s by now', () => {
  const nowMs = 1_800_000_000_000
  assert.equal(isOutdated(nowMs - MAX_RECORD_AGE_MS - 1, nowMs), true)
  assert.equal(isOutdated(nowMs - MAX_RECORD_AGE_MS, nowMs), false)
  assert.equal(isOutdated(1, nowMs), true)
})

it('the two sides of a meeting have different roles, which follow from their ids', () => {
  assert.deepEqual([meetingRole('a', 'b'), meetingRole('b', 'a')], ['responder', 'initiator'])
})
