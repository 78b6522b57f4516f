// Which addresses promise to be reachable without a punch, scene by scene.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { reachableCandidates } from '../../../../peer/traversal/candidates.ts'
import { multiaddrs, tcp4 } from '../../../support/multiaddrs.ts'

const MY_NAT = tcp4('7.7.7.1', 41_000)
const THEIR_NAT = tcp4('7.7.7.2', 42_000)

interface Scene {
  what: string
  offered: string[]
  own: string[]
  reachable: string[]
}

const SCENES: Scene[] = [
  {
    what: 'behind one NAT, their private addresses are, and the NAT itself is not',
    own: [MY_NAT, tcp4('192.168.1.5')],
    offered: [tcp4('7.7.7.1', 42_000), tcp4('192.168.1.6')],
    reachable: [tcp4('192.168.1.6')]
  },
  {
    what: 'behind one NAT, in two networks of it, their private addresses are too',
    own: [MY_NAT, tcp4('192.168.1.5')],
    offered: [tcp4('7.7.7.1', 42_000), tcp4('10.4.0.6')],
    reachable: [tcp4('10.4.0.6')]
  },
  {
    what: 'on one LAN without a way out, the private addresses are',
    own: [tcp4('192.168.1.5')],
    offered: [tcp4('192.168.1.6'), tcp4('10.4.0.6')],
    reachable: [tcp4('192.168.1.6')]
  },
  {
    what: 'from a container, the host on whose LAN the other one is',
    own: [tcp4('7.7.7.1', 41_000), tcp4('172.17.0.2')],
    offered: [tcp4('7.7.7.1', 4001), tcp4('192.168.1.6')],
    reachable: [tcp4('192.168.1.6')]
  },
  {
    what: 'a public host is, from behind a NAT',
    own: [MY_NAT, tcp4('192.168.1.5')],
    offered: [tcp4('8.8.4.4')],
    reachable: [tcp4('8.8.4.4')]
  },
  {
    what: 'a public host with another public address is',
    own: [MY_NAT, tcp4('192.168.1.5')],
    offered: [tcp4('8.8.4.4'), tcp4('8.8.8.8')],
    reachable: [tcp4('8.8.4.4'), tcp4('8.8.8.8')]
  },
  {
    what: 'a peer behind another NAT is not: no SYN may touch what will be punched',
    own: [MY_NAT, tcp4('192.168.1.5')],
    offered: [THEIR_NAT, tcp4('10.4.0.6')],
    reachable: []
  },
  {
    what: 'a peer behind another NAT is by IPv6',
    own: [MY_NAT, tcp4('192.168.1.5'), '/ip6/2a00:1::5/tcp/4001'],
    offered: [THEIR_NAT, tcp4('10.4.0.6'), '/ip6/2a00:2::6/tcp/4001'],
    reachable: ['/ip6/2a00:2::6/tcp/4001']
  },
  {
    what: 'unique local IPv6 addresses are in one /64, however short they are written',
    own: ['/ip6/fd00:1::5/tcp/4001'],
    offered: [
      '/ip6/fd00:1::6/tcp/4001',
      '/ip6/fd00:1:0:0:9::7/tcp/4001',
      '/ip6/fd00:2::6/tcp/4001'
    ],
    reachable: ['/ip6/fd00:1::6/tcp/4001', '/ip6/fd00:1::9:0:0:7/tcp/4001']
  },
  {
    what: 'on one machine, loopback is',
    own: [tcp4('127.0.0.1', 41_000)],
    offered: [tcp4('127.0.0.1', 42_000)],
    reachable: [tcp4('127.0.0.1', 42_000)]
  },
  {
    what: 'nothing is that may not be dialled at all',
    own: [tcp4('192.168.1.5')],
    offered: [tcp4('127.0.0.1'), tcp4('224.0.0.1'), tcp4('192.168.1.5'), '/dns4/a.example/tcp/1'],
    reachable: []
  },
  { what: 'nothing is of an empty offer', own: [MY_NAT], offered: [], reachable: [] }
]

describe('reachable without a punch', () => {
  for (const { what, own, offered, reachable } of SCENES) {
    it(what, () => {
      const found = reachableCandidates(multiaddrs(...offered), multiaddrs(...own))
      assert.deepEqual(found.map(String), reachable)
    })
  }

  it('our relay is not, whoever names it', () => {
    const relays = multiaddrs(tcp4('8.8.4.4'))
    const offered = multiaddrs(tcp4('8.8.4.4'), tcp4('8.8.8.8'))
    const found = reachableCandidates(offered, multiaddrs(MY_NAT), { relays })
    assert.deepEqual(found.map(String), [tcp4('8.8.8.8')])
  })
})
