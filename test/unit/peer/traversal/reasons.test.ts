// Why a path is not direct: one sentence for each thing that can be the matter.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { multiaddr, type Multiaddr } from '@multiformats/multiaddr'
import { whyNotDirect, type Evidence } from '../../../../peer/traversal/reasons.ts'
import type { NatReport } from '../../../../shared/wire/nat-report.ts'

const all = (...texts: string[]): Multiaddr[] => texts.map((text) => multiaddr(text))
const tcp = (host: string, port = 4001): string => `/ip4/${host}/tcp/${port}`
const WHAT_TO_DO =
  'a port forward (--announce) or an IPv6 address on either side would make it direct'

/** Two peers behind NATs that keep ports. */
const ORDINARY: Evidence = {
  peerName: 'bob',
  own: { mapped: all(tcp('7.7.7.1')), announced: [], listening: all(tcp('192.168.1.5')) },
  offered: all(tcp('7.7.7.2', 4002), tcp('10.0.0.6', 4002)),
  refused: [],
  errors: new Map(),
  reuse: { available: true }
}

const OUR_PORT_CHANGES = { ...ORDINARY.own, mapped: all(tcp('7.7.7.1', 50_111)) }
const THEIR_PORT_CHANGES = all(tcp('7.7.7.2', 50_222), tcp('10.0.0.6', 4002))

const errors = (...lanes: Array<[string, Record<string, number>]>): Evidence['errors'] =>
  new Map(lanes.map(([address, counts]) => [address, new Map(Object.entries(counts))]))

const CONE: NatReport = {
  mapping: 'endpoint-independent',
  ports: 'preserved',
  filtering: 'unknown',
  seenPorts: [4001, 4001],
  hosts: 1,
  sockets: 1_000,
  proofs: []
}
const RANDOM: NatReport = {
  ...CONE,
  mapping: 'address-and-port-dependent',
  ports: 'random',
  seenPorts: [40_001, 40_001, 50_417, 1_952, 3_000]
}
const BOBS_RANDOM = { ...RANDOM, seenPorts: [5_001, 5_417] }
const OURS = 'your NAT gives every destination another port (40001, 50417, 1952 seen)'
const BOBS = "bob's NAT gives every destination another port (5001, 5417 seen)"
const KEEPS = 'keeps to one port and lets in only whom it has sent to (4001 seen)'
const GUESS = { kind: 'guess', ports: { low: 1, high: 2, step: 1, order: 'up' } } as const

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
      offered: all(tcp('7.7.7.1', 50_222), tcp('10.0.0.6', 4002))
    },
    sentence:
      'you and bob are both behind 7.7.7.1, a NAT that does not lead from one to the other: a network that both of you are in (the same Wi-Fi, a VPN) or IPv6 on both sides would make it direct'
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
    what: 'ports in a row and ports of a block have words of their own',
    evidence: {
      guess: {
        own: { ...RANDOM, ports: 'sequential', step: 1, seenPorts: [7, 8] },
        other: { ...RANDOM, ports: 'block', seenPorts: [] },
        plan: { ...GUESS, sockets: 5, shots: 5 },
        count: { fired: 1_536, connected: 0 }
      }
    },
    sentence: `your NAT gives every destination the next port (7, 8 seen), bob's NAT gives every destination another port of a block (no port seen): 1536 tries at guessed ports met nothing; ${WHAT_TO_DO}`
  },
  {
    what: 'a firewall keeps guesses out',
    evidence: {
      guess: {
        own: { ...CONE, mapping: 'none' },
        other: BOBS_RANDOM,
        plan: { ...GUESS, sockets: 5, shots: 5 }
      }
    },
    sentence: `your NAT is a firewall that lets in only whom it has sent to (4001 seen), ${BOBS}: 0 tries at guessed ports met nothing; ${WHAT_TO_DO}`
  },
  {
    what: 'a carrier has a pool of addresses',
    evidence: {
      guess: {
        own: CONE,
        other: { ...BOBS_RANDOM, hosts: 3 },
        plan: { kind: 'hopeless', why: 'pool' }
      }
    },
    sentence: `your NAT ${KEEPS}, ${BOBS}: bob's NAT uses 3 public addresses in turn, so nobody knows where to dial; ${WHAT_TO_DO}`
  },
  {
    what: 'guessing would take more open files, here or there',
    evidence: {
      guess: {
        own: CONE,
        other: { ...BOBS_RANDOM, sockets: 0 },
        plan: { kind: 'hopeless', why: 'few-sockets', mine: 1_024, yours: 384 }
      }
    },
    sentence: `your NAT ${KEEPS}, ${BOBS}: guessing ports takes 1024 free files here (there are 1000) and 384 at bob's (there are 0); raise the limit of open files (ulimit -n), or: ${WHAT_TO_DO}`
  },
  {
    what: 'nobody has vouched for where they are',
    evidence: {
      guess: {
        own: CONE,
        other: BOBS_RANDOM,
        plan: { ...GUESS, sockets: 5, shots: 5 },
        withheld: 'unproven'
      }
    },
    sentence: `your NAT ${KEEPS}, ${BOBS}: no relay that you both use has seen bob there, so its ports are not guessed; meet at one relay, or: ${WHAT_TO_DO}`
  },
  {
    what: 'their program says nothing of its NAT',
    evidence: { guess: { own: RANDOM } },
    sentence: `${OURS}, and bob's program does not tell what its NAT does, so ports cannot be guessed: ${WHAT_TO_DO}`
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
      offered: all(tcp('224.0.0.1'), tcp('127.0.0.1')),
      refused: [
        { address: tcp('224.0.0.1'), reason: 'multicast' },
        { address: tcp('127.0.0.1'), reason: 'loopback' }
      ]
    },
    sentence: `bob offered no address that may be dialled (${tcp('224.0.0.1')}: multicast; ${tcp('127.0.0.1')}: loopback)`
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
        [tcp('7.7.7.2', 4002), { ECONNREFUSED: 31, ETIMEDOUT: 1 }],
        [tcp('10.0.0.6', 4002), { EHOSTUNREACH: 2, ENETUNREACH: 3, ECONNRESET: 4 }]
      )
    },
    sentence: `none of bob's addresses let us in (${tcp('7.7.7.2', 4002)}: refused 31 ×, no answer 1 ×; ${tcp('10.0.0.6', 4002)}: unreachable 2 ×, no route 3 ×, reset 4 ×): ${WHAT_TO_DO}`
  },
  {
    what: 'their SYN was first and its answer was lost; what has no word of its own stands as it is',
    evidence: { errors: errors([tcp('7.7.7.2', 4002), { EADDRNOTAVAIL: 5, 'odd thing': 1 }]) },
    sentence: `none of bob's addresses let us in (${tcp('7.7.7.2', 4002)}: their packet arrived, its answer did not get through 5 ×, odd thing 1 ×): ${WHAT_TO_DO}`
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
    const many = Array.from({ length: 300 }, (_, index) => tcp(`10.0.0.${index % 256}`, index + 1))
    const refused = many.map((address) => ({ address, reason: 'link-local' }))
    const lanes = many.map((address): [string, Record<string, number>] => [address, { x: 1 }])
    const both = [
      whyNotDirect({ ...ORDINARY, offered: all(...many), refused }),
      whyNotDirect({ ...ORDINARY, errors: errors(...lanes) })
    ]
    for (const sentence of both) assert.equal(sentence.match(/10\.0\.0\./g)?.length, 3, sentence)
  })

  it('does not blame a NAT that kept the port for one relay', () => {
    const own = { ...ORDINARY.own, mapped: all(tcp('7.7.7.1', 4001), tcp('7.7.7.1', 50_111)) }
    assert.match(whyNotDirect({ ...ORDINARY, own }), /^none of bob's 2 addresses answers/)
  })

  it('does not take the port of an IPv6 address for one that a NAT changed', () => {
    const own = { ...ORDINARY.own, mapped: all('/ip6/2a00::5/tcp/9999', tcp('7.7.7.1')) }
    assert.match(whyNotDirect({ ...ORDINARY, own }), /^none of bob's 2 addresses answers/)
  })

  it('counts the addresses that were dialled, and not those that were refused', () => {
    const refused = [{ address: tcp('10.0.0.6', 4002), reason: 'our own address' }]
    assert.equal(
      whyNotDirect({ ...ORDINARY, refused }),
      `bob's address does not answer: a firewall between you drops the packets; ${WHAT_TO_DO}`
    )
  })

  it('does not call a peer with a public address of its own a NAT', () => {
    const offered = all(tcp('8.8.4.4', 443))
    assert.match(whyNotDirect({ ...ORDINARY, offered }), /^bob's address does not answer/)
  })
})
