// What is offered for a direct connection, what of an offer is dialled, and why the rest is not.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Multiaddr } from '@multiformats/multiaddr'
import {
  dialledCandidates,
  mayBeNat,
  MAX_DIALLED_CANDIDATES,
  MAX_OWN_CANDIDATES,
  ownCandidates
} from '../../../../peer/traversal/candidates.ts'
import { multiaddrs, tcp4 } from '../../../support/multiaddrs.ts'

const PEER = '12D3KooWEHUQf4tPKh6TeSX5WdAhMP5xmtLXQDAeWrfUW8TLKvvv'

const NOTHING = { mapped: [], announced: [], listening: [] }

const refusalOf = (offered: string, own: Multiaddr[] = []): string | undefined => {
  const { candidates, refused } = dialledCandidates(multiaddrs(offered), own)
  assert.equal(candidates.length + refused.length, 1)
  return refused[0]?.reason
}

describe('our own candidates', () => {
  it('go from the likeliest to the least: mapped, announced, then public to bridge', () => {
    const own = ownCandidates({
      mapped: multiaddrs(tcp4('7.7.7.2', 40_001)),
      announced: multiaddrs(tcp4('9.9.9.9', 443)),
      listening: multiaddrs(
        tcp4('172.17.0.1'),
        tcp4('192.168.1.5'),
        tcp4('8.8.4.4'),
        '/ip6/2a00::5/tcp/4001'
      )
    })
    assert.deepEqual(own.map(String), [
      tcp4('7.7.7.2', 40_001),
      tcp4('9.9.9.9', 443),
      tcp4('8.8.4.4'),
      '/ip6/2a00::5/tcp/4001',
      tcp4('192.168.1.5'),
      tcp4('172.17.0.1')
    ])
  })

  it('stand once each, without a peer id', () => {
    const own = ownCandidates({
      mapped: multiaddrs(`${tcp4('7.7.7.2')}/p2p/${PEER}`),
      announced: multiaddrs(tcp4('7.7.7.2')),
      listening: multiaddrs(`${tcp4('7.7.7.2')}/p2p/${PEER}`)
    })
    assert.deepEqual(own.map(String), [tcp4('7.7.7.2')])
  })

  it('are at most so many, and the mapped ones are among them', () => {
    const listening = Array.from({ length: 200 }, (_, index) => tcp4(`10.0.${index}.1`))
    const own = ownCandidates({
      ...NOTHING,
      mapped: multiaddrs(tcp4('7.7.7.2')),
      listening: multiaddrs(...listening)
    })
    assert.equal(own.length, MAX_OWN_CANDIDATES)
    assert.equal(String(own[0]), tcp4('7.7.7.2'))
  })

  it('have no loopback in them, unless a relay sees us there', () => {
    const listening = multiaddrs(tcp4('127.0.0.1'), '/ip6/::1/tcp/4001', tcp4('192.168.1.5'))
    assert.deepEqual(ownCandidates({ ...NOTHING, listening }).map(String), [tcp4('192.168.1.5')])
    const beside = ownCandidates({ ...NOTHING, mapped: multiaddrs(tcp4('127.0.0.1')), listening })
    assert.deepEqual(beside.map(String), [
      tcp4('127.0.0.1'),
      tcp4('192.168.1.5'),
      '/ip6/::1/tcp/4001'
    ])
  })

  it('have nothing in them that nobody could dial', () => {
    const listening = multiaddrs(
      tcp4('0.0.0.0'),
      tcp4('192.168.1.5', 0),
      tcp4('169.254.3.4'),
      '/ip6/fe80::1/tcp/4001',
      '/ip4/192.168.1.5/udp/4001/quic-v1',
      '/dns4/home.example/tcp/4001'
    )
    assert.deepEqual(ownCandidates({ ...NOTHING, listening }), [])
  })
})

describe('the candidates of an offer', () => {
  for (const [address, reason] of [
    [tcp4('127.0.0.1'), 'loopback'],
    [tcp4('127.8.8.8'), 'loopback'],
    ['/ip6/::1/tcp/4001', 'loopback'],
    [tcp4('0.0.0.0'), 'unspecified'],
    [tcp4('0.1.2.3'), 'unspecified'],
    ['/ip6/::/tcp/4001', 'unspecified'],
    [tcp4('169.254.1.1'), 'link-local'],
    ['/ip6/fe80::1/tcp/4001', 'link-local'],
    ['/ip6/febf::1/tcp/4001', 'link-local'],
    ['/ip6zone/eth0/ip6/fe80::1/tcp/4001', 'link-local'],
    [tcp4('224.0.0.1'), 'multicast'],
    [tcp4('239.255.255.255'), 'multicast'],
    ['/ip6/ff02::1/tcp/4001', 'multicast'],
    [tcp4('255.255.255.255'), 'broadcast or reserved'],
    [tcp4('240.0.0.1'), 'broadcast or reserved'],
    ['/ip6/::ffff:7.7.7.2/tcp/4001', 'an IPv4 address in disguise'],
    ['/ip6/0:0:0:0:0:ffff:7f00:1/tcp/4001', 'an IPv4 address in disguise'],
    ['/ip6/::7f00:1/tcp/4001', 'an IPv4 address in disguise'],
    ['/ip6/64:ff9b::7f00:1/tcp/4001', 'an IPv4 address in disguise'],
    ['/ip6/2002:7f00:1::/tcp/4001', 'an IPv4 address in disguise'],
    ['/ip6/2001::7f00:1/tcp/4001', 'an IPv4 address in disguise'],
    ['/ip6/fec0::1/tcp/4001', 'site-local'],
    ['/dns4/victim.example/tcp/80', 'a DNS name: it may lead anywhere'],
    ['/dns/victim.example/tcp/80', 'a DNS name: it may lead anywhere'],
    [tcp4('7.7.7.2', 0), 'no port'],
    ['/ip4/7.7.7.2/udp/4001/quic-v1', 'not a TCP address'],
    ['/ip4/7.7.7.2/tcp/443/ws', 'not a TCP address'],
    [`${tcp4('7.7.7.2')}/p2p/${PEER}/p2p-circuit`, 'not a TCP address'],
    ['/ip4/7.7.7.2', 'not a TCP address'],
    ['/', 'not a TCP address']
  ] as const) {
    it(`refuse ${address}: ${reason}`, () => {
      assert.equal(refusalOf(address), reason)
    })
  }

  it('name the address that is refused', () => {
    const { refused } = dialledCandidates(multiaddrs(tcp4('224.0.0.1')), [])
    assert.deepEqual(refused, [{ address: tcp4('224.0.0.1'), reason: 'multicast' }])
  })

  it('refuse our own address, however it is written', () => {
    const own = multiaddrs(tcp4('7.7.7.2'), '/ip6/2a00::5/tcp/1')
    assert.equal(refusalOf(tcp4('7.7.7.2'), own), 'our own address')
    assert.equal(refusalOf(`${tcp4('7.7.7.2')}/p2p/${PEER}`, own), 'our own address')
    assert.equal(refusalOf('/ip6/2a00:0:0::5/tcp/1', own), 'our own address')
    assert.equal(refusalOf(tcp4('7.7.7.2', 4002), own), undefined)
  })

  it('refuse our relay, however it is written, and what was dialled too often', () => {
    const relays = multiaddrs(
      `${tcp4('7.7.7.9')}/p2p/${PEER}`,
      '/ip6/2a00::9/tcp/1',
      '/dns4/a.example/tcp/1'
    )
    const offered = multiaddrs(
      tcp4('7.7.7.9'),
      '/ip6/2a00:0::9/tcp/1',
      tcp4('7.7.7.9', 4002),
      tcp4('7.7.7.2')
    )
    const spent = tcp4('7.7.7.2')
    const { candidates, refused } = dialledCandidates(offered, [], {
      relays,
      mayDial: (candidate) => candidate.toString() !== spent
    })
    assert.deepEqual(candidates.map(String), [tcp4('7.7.7.9', 4002)])
    assert.deepEqual(
      refused.map(({ reason }) => reason),
      ['our relay', 'our relay', 'dialled too often']
    )
  })

  for (const address of [
    tcp4('7.7.7.2'),
    tcp4('192.168.1.5'),
    tcp4('172.17.0.2'),
    tcp4('100.64.0.1'),
    '/ip6/2a00::5/tcp/4001',
    '/ip6/fd00::5/tcp/4001',
    tcp4('223.255.255.255'),
    `${tcp4('7.7.7.2')}/p2p/${PEER}`
  ]) {
    it(`take ${address}`, () => {
      assert.equal(refusalOf(address), undefined)
    })
  }

  it('may be loopback when our own are, as on one machine', () => {
    const offered = multiaddrs(tcp4('127.0.0.1', 5001))
    const { candidates } = dialledCandidates(offered, multiaddrs(tcp4('127.0.0.1')))
    assert.deepEqual(candidates.map(String), [tcp4('127.0.0.1', 5001)])
  })

  it('are at most so many, the first ones, and the rest is refused as too many', () => {
    const offered = Array.from({ length: 300 }, (_, index) =>
      tcp4(`10.0.${index % 256}.${index % 7}`)
    )
    const { candidates, refused } = dialledCandidates(multiaddrs(...offered), [])
    assert.deepEqual(candidates.map(String), offered.slice(0, MAX_DIALLED_CANDIDATES))
    assert.equal(candidates.length + refused.length, new Set(offered).size)
    assert.ok(refused.every(({ reason }) => reason === 'too many'))
  })

  it('are not crowded out by those that are refused, nor by repetition', () => {
    const junk = Array.from({ length: 50 }, (_, index) => tcp4(`224.0.0.${index}`))
    const offered = [...junk, ...junk, tcp4('7.7.7.2'), tcp4('7.7.7.2')]
    const { candidates, refused } = dialledCandidates(multiaddrs(...offered), [])
    assert.deepEqual(candidates.map(String), [tcp4('7.7.7.2')])
    assert.equal(refused.length, 50)
  })
})

describe('a candidate at which a NAT may sit', () => {
  const WAN = tcp4('7.7.7.2')
  const LAN = tcp4('192.168.1.6')
  const BRIDGE = tcp4('172.17.0.1')
  const [outside, onLan] = [tcp4('7.7.7.3'), tcp4('192.168.1.7')]
  const cases: Array<[what: string, mapped: string, offered: string[], nats: string[]]> = [
    ['is a public one', outside, [WAN], [WAN]],
    ['is no private one beside a public one', onLan, [WAN, LAN], [WAN]],
    ['is one on the LAN on which the relay sees us', onLan, [LAN, BRIDGE], [LAN]],
    ['is none on another network', outside, [LAN, BRIDGE], []],
    ['is none of this machine', tcp4('127.0.0.1'), [tcp4('127.0.0.1', 4002)], []]
  ]
  for (const [what, mapped, offered, nats] of cases) {
    it(what, () => {
      const candidates = multiaddrs(...offered)
      const found = candidates.filter((each) => mayBeNat(each, candidates, multiaddrs(mapped)))
      assert.deepEqual(found.map(String), nats)
    })
  }
})
