// Why a path is not direct: one sentence for each thing that can be the matter.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { whyNotDirect, type Evidence } from '../../../../peer/traversal/reasons.ts'
import type { NatReport } from '../../../../shared/wire/nat-report.ts'
import { CONE, RANDOM as CHANGES_PORTS } from '../../../support/reports.ts'
import { multiaddrs, tcp4 } from '../../../support/multiaddrs.ts'

const WHAT_TO_DO =
  'a port forward (--announce) or an IPv6 address on either side would make it direct'

/** Two peers behind NATs that keep ports. */
const ORDINARY: Evidence = {
  peerName: 'bob',
  own: {
    mapped: multiaddrs(tcp4('7.7.7.1')),
    announced: [],
    listening: multiaddrs(tcp4('192.168.1.5'))
  },
  offered: multiaddrs(tcp4('7.7.7.2', 4002), tcp4('10.0.0.6', 4002)),
  refused: [],
  errors: new Map(),
  reuse: { available: true }
}

const OUR_PORT_CHANGES = { ...ORDINARY.own, mapped: multiaddrs(tcp4('7.7.7.1', 50_111)) }
const THEIR_PORT_CHANGES = multiaddrs(tcp4('7.7.7.2', 50_222), tcp4('10.0.0.6', 4002))

const errors = (...lanes: Array<[string, Record<string, number>]>): Evidence['errors'] =>
  new Map(lanes.map(([address, counts]) => [address, new Map(Object.entries(counts))]))

const RANDOM: NatReport = { ...CHANGES_PORTS, seenPorts: [40_001, 40_001, 50_417, 1_952, 3_000] }
const BOBS_RANDOM = { ...RANDOM, seenPorts: [5_001, 5_417] }
const OURS = 'your NAT gives every destination another port (40001, 50417, 1952 seen)'
const BOBS = "bob's NAT gives every destination another port (5001, 5417 seen)"

const CASES: Array<{ what: string; evidence: Partial<Evidence>; sentence: string }> = [
  {
    what: 'our NAT changes ports',
    evidence: { own: OUR_PORT_CHANGES },
    sentence: `your NAT changes ports (port 4001 became 50111 at the relay) and opens another one for bob, whose NAT lets in only what it was asked for: ${WHAT_TO_DO}`
  },
  {
    what: 'their NAT changes ports',
    evidence: { offered: THEIR_PORT_CHANGES },
    sentence: `bob's NAT changes ports (port 4002 became 50222 at the relay) and opens another one for you, which your NAT does not let in: ${WHAT_TO_DO}`
  },
  {
    what: 'both NATs change ports',
    evidence: { own: OUR_PORT_CHANGES, offered: THEIR_PORT_CHANGES },
    sentence: `your NAT and bob's NAT both change ports (yours: port 4001 became 50111 at the relay; theirs: port 4002 became 50222 at the relay), so neither side knows where to dial: ${WHAT_TO_DO}`
  },
  {
    what: 'both are behind one NAT, whatever else it does',
    evidence: {
      own: OUR_PORT_CHANGES,
      offered: multiaddrs(tcp4('7.7.7.1', 50_222), tcp4('10.0.0.6', 4002))
    },
    sentence:
      'you and bob are both behind 7.7.7.1, a NAT that does not lead from one to the other: a network that both of you are in (the same Wi-Fi, a VPN) or IPv6 on both sides would make it direct'
  },
  {
    what: 'both are behind one NAT that leads nothing back inside, as was tried',
    evidence: {
      own: { ...ORDINARY.own, hairpin: false, mapped: multiaddrs(tcp4('7.7.7.1', 50_111)) },
      offered: multiaddrs(tcp4('7.7.7.1', 50_222), tcp4('10.0.0.6', 4002))
    },
    sentence:
      'you and bob are both behind 7.7.7.1, a NAT that does not lead from one to the other (what you send to that address yourself does not come back): hairpinning (NAT loopback) switched on there, or a network that both of you are in (the same Wi-Fi, a VPN) or IPv6 on both sides would make it direct'
  },
  {
    what: 'both are behind the NAT of a carrier or a company, and so is the relay',
    evidence: {
      own: { ...ORDINARY.own, mapped: multiaddrs(tcp4('100.64.0.9', 50_111)) },
      offered: multiaddrs(tcp4('100.64.0.9', 50_222), tcp4('10.0.0.6', 4002))
    },
    sentence:
      'you and bob are both behind 100.64.0.9, a NAT that does not lead from one to the other: a network that both of you are in (the same Wi-Fi, a VPN) or IPv6 on both sides would make it direct'
  },
  {
    what: 'they are in a container on this machine',
    evidence: {
      own: { ...ORDINARY.own, mapped: multiaddrs(tcp4('192.168.1.5')) },
      offered: multiaddrs(tcp4('192.168.1.5', 50_222), tcp4('172.17.0.2', 4002))
    },
    sentence:
      "relays see bob at 192.168.1.5, your own address, so it is behind a NAT on your machine (a container's, a virtual machine's) that does not lead to it: a port published there, or your machine's own network, would make it direct"
  },
  {
    what: 'another program on this machine does not answer',
    evidence: {
      own: { ...ORDINARY.own, mapped: multiaddrs(tcp4('192.168.1.5')) },
      offered: multiaddrs(tcp4('192.168.1.5', 50_222))
    },
    sentence: `bob's address does not answer: a firewall between you drops the packets; ${WHAT_TO_DO}`
  },
  {
    what: 'both have the same private address in two networks',
    evidence: {
      own: { ...ORDINARY.own, mapped: multiaddrs(tcp4('192.168.1.5'), tcp4('7.7.7.1')) },
      offered: multiaddrs(tcp4('7.7.7.2', 4002), tcp4('192.168.1.5', 4002))
    },
    sentence: `none of bob's 2 addresses answers: a firewall between you drops the packets; ${WHAT_TO_DO}`
  },
  {
    what: 'nobody can know where to dial',
    evidence: {
      own: OUR_PORT_CHANGES,
      offered: THEIR_PORT_CHANGES,
      guess: {
        own: RANDOM,
        other: BOBS_RANDOM,
        plan: { kind: 'hopeless', why: 'both-change-ports' }
      }
    },
    sentence: `${OURS}, ${BOBS}: neither side can know where to dial; ${WHAT_TO_DO}`
  },
  {
    what: 'one other port for all is not what keeps them apart',
    evidence: {
      own: OUR_PORT_CHANGES,
      guess: { own: { ...CONE, ports: 'changed' }, other: CONE, plan: { kind: 'plain' } }
    },
    sentence: `none of bob's 2 addresses answers: a firewall between you drops the packets; ${WHAT_TO_DO}`
  },
  {
    what: 'the other side knows no address of its own',
    evidence: { offered: [] },
    sentence: 'bob knows no address of its own that could be dialled'
  },
  {
    what: 'all that it offers is refused',
    evidence: {
      offered: multiaddrs(tcp4('224.0.0.1'), tcp4('127.0.0.1')),
      refused: [
        { address: tcp4('224.0.0.1'), reason: 'multicast' },
        { address: tcp4('127.0.0.1'), reason: 'loopback' }
      ]
    },
    sentence: `bob offered no address that may be dialled (${tcp4('224.0.0.1')}: multicast; ${tcp4('127.0.0.1')}: loopback)`
  },
  {
    what: 'nobody answers at all',
    evidence: {},
    sentence: `none of bob's 2 addresses answers: a firewall between you drops the packets; ${WHAT_TO_DO}`
  },
  {
    what: 'its addresses do not let us in, each with what came of it',
    evidence: {
      errors: errors(
        [tcp4('7.7.7.2', 4002), { ECONNREFUSED: 31, ETIMEDOUT: 1 }],
        [tcp4('10.0.0.6', 4002), { EHOSTUNREACH: 2, ENETUNREACH: 3, ECONNRESET: 4 }]
      )
    },
    sentence: `none of bob's addresses let us in (${tcp4('7.7.7.2', 4002)}: refused 31 ×, no answer 1 ×; ${tcp4('10.0.0.6', 4002)}: unreachable 2 ×, no route 3 ×, reset 4 ×): ${WHAT_TO_DO}`
  },
  {
    what: 'its public address is silent, and one that is our own as well refuses',
    evidence: {
      offered: multiaddrs(tcp4('7.7.7.2', 4002), tcp4('10.0.0.6', 4002), tcp4('172.17.0.1', 4002)),
      errors: errors([tcp4('172.17.0.1', 4002), { ECONNREFUSED: 85 }])
    },
    sentence: `bob's public address ${tcp4('7.7.7.2', 4002)} does not answer: a firewall between you drops the packets, and no other address lets us in (${tcp4('172.17.0.1', 4002)}: refused 85 ×); ${WHAT_TO_DO}`
  },
  {
    what: 'two of its public addresses are silent, and a third refuses',
    evidence: {
      offered: multiaddrs(
        tcp4('7.7.7.2', 4002),
        '/ip6/2a00::5/tcp/4002',
        tcp4('7.7.7.3', 4002),
        tcp4('7.7.7.4', 4002)
      ),
      refused: [{ address: tcp4('7.7.7.4', 4002), reason: 'our own address' }],
      errors: errors([tcp4('7.7.7.3', 4002), { ECONNREFUSED: 60 }])
    },
    sentence: `2 of bob's public addresses do not answer (${tcp4('7.7.7.2', 4002)} is one): a firewall between you drops the packets, and no other address lets us in (${tcp4('7.7.7.3', 4002)}: refused 60 ×); ${WHAT_TO_DO}`
  },
  {
    what: 'a public address that has said something comes first, and is not silent',
    evidence: {
      errors: errors(
        [tcp4('10.0.0.6', 4002), { ECONNREFUSED: 31 }],
        [tcp4('7.7.7.2', 4002), { ETIMEDOUT: 1 }]
      )
    },
    sentence: `none of bob's addresses let us in (${tcp4('7.7.7.2', 4002)}: no answer 1 ×; ${tcp4('10.0.0.6', 4002)}: refused 31 ×): ${WHAT_TO_DO}`
  },
  {
    what: 'their SYN was first and its answer was lost; what has no word of its own stands as it is',
    evidence: { errors: errors([tcp4('7.7.7.2', 4002), { EADDRNOTAVAIL: 5, 'odd thing': 1 }]) },
    sentence: `none of bob's addresses let us in (${tcp4('7.7.7.2', 4002)}: their packet arrived, its answer did not get through 5 ×, odd thing 1 ×): ${WHAT_TO_DO}`
  },
  {
    what: 'this platform cannot dial from the listening port',
    evidence: { reuse: { available: false, reason: 'no port reuse here' } },
    sentence: 'no port reuse here'
  },
  {
    what: 'the exchange over the relay failed',
    evidence: { offered: [], failedStep: 'failed to read CONNECT: the stream was reset' },
    sentence:
      'agreeing on a direct connection with bob over the relay failed (failed to read CONNECT: the stream was reset)'
  },
  {
    what: 'the other side does not speak DCUtR',
    evidence: {
      offered: [],
      failedStep: 'failed to read CONNECT: the remote does not speak /libp2p/dcutr'
    },
    sentence: 'bob does not speak /libp2p/dcutr, so no direct connection can be agreed on'
  }
]

describe('why a path is not direct', () => {
  for (const { what, evidence, sentence } of CASES) {
    it(what, () => {
      assert.equal(whyNotDirect({ ...ORDINARY, ...evidence }), sentence)
    })
  }

  it('lists three addresses and not three hundred', () => {
    const many = Array.from({ length: 300 }, (_, index) => tcp4(`10.0.0.${index % 256}`, index + 1))
    const refused = many.map((address) => ({ address, reason: 'link-local' }))
    const lanes = many.map((address): [string, Record<string, number>] => [address, { x: 1 }])
    const both = [
      whyNotDirect({ ...ORDINARY, offered: multiaddrs(...many), refused }),
      whyNotDirect({ ...ORDINARY, errors: errors(...lanes) })
    ]
    for (const sentence of both) assert.equal(sentence.match(/10\.0\.0\./g)?.length, 3, sentence)
  })

  it('does not blame a NAT that kept the port for one relay', () => {
    const own = {
      ...ORDINARY.own,
      mapped: multiaddrs(tcp4('7.7.7.1', 4001), tcp4('7.7.7.1', 50_111))
    }
    assert.match(whyNotDirect({ ...ORDINARY, own }), /^none of bob's 2 addresses answers/)
  })

  it('does not take the port of an IPv6 address for one that a NAT changed', () => {
    const own = { ...ORDINARY.own, mapped: multiaddrs('/ip6/2a00::5/tcp/9999', tcp4('7.7.7.1')) }
    assert.match(whyNotDirect({ ...ORDINARY, own }), /^none of bob's 2 addresses answers/)
  })

  it('counts the addresses that were dialled, and not those that were refused', () => {
    const refused = [{ address: tcp4('10.0.0.6', 4002), reason: 'our own address' }]
    assert.equal(
      whyNotDirect({ ...ORDINARY, refused }),
      `bob's address does not answer: a firewall between you drops the packets; ${WHAT_TO_DO}`
    )
  })

  it('does not call a peer with a public address of its own a NAT', () => {
    const offered = multiaddrs(tcp4('8.8.4.4', 443))
    assert.match(whyNotDirect({ ...ORDINARY, offered }), /^bob's address does not answer/)
  })
})
