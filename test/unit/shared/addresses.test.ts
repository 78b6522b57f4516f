// What an address is, as both programs ask: TCP or not, public or not, through a relay, of which peer.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { multiaddr } from '@multiformats/multiaddr'
import {
  distinct,
  isPublicAddress,
  isRelayed,
  tcpEndpoint,
  withoutPeer
} from '../../../shared/addresses.ts'

const PEER = '12D3KooWEHUQf4tPKh6TeSX5WdAhMP5xmtLXQDAeWrfUW8TLKvvv'
const OTHER = '12D3KooWJWoaqZhDaoEFshF7Rh1bpY9ohihFhzcW6d69Lr2NASuq'

describe('an address', () => {
  it('names a TCP endpoint with its family, with or without a peer id', () => {
    const v4 = { host: '192.0.2.7', port: 4001, family: 4, named: false }
    assert.deepEqual(tcpEndpoint(multiaddr('/ip4/192.0.2.7/tcp/4001')), v4)
    assert.deepEqual(tcpEndpoint(multiaddr(`/ip4/192.0.2.7/tcp/4001/p2p/${PEER}`)), v4)
    const v6 = { host: '2001:db8::1', port: 1, family: 6, named: false }
    assert.deepEqual(tcpEndpoint(multiaddr('/ip6/2001:db8:0:0::1/tcp/1')), v6)
  })

  it('may have a name for its host, which may be of one family or of either', () => {
    for (const [protocol, family] of [
      ['dns4', 4],
      ['dns6', 6],
      ['dns', 0]
    ] as const) {
      const endpoint = tcpEndpoint(multiaddr(`/${protocol}/a.example/tcp/1`))
      assert.deepEqual(endpoint, { host: 'a.example', port: 1, family, named: true })
    }
  })

  for (const text of [
    '/ip4/192.0.2.7/udp/4001/quic-v1',
    '/ip4/192.0.2.7',
    '/ip4/192.0.2.7/tcp/443/ws',
    '/ip4/192.0.2.7/tcp/443/tls/ws',
    `/ip4/192.0.2.7/tcp/4001/p2p/${PEER}/p2p-circuit/p2p/${OTHER}`,
    '/unix/%2Ftmp%2Fsocket'
  ]) {
    it(`is no TCP endpoint when it is ${text}`, () => {
      assert.equal(tcpEndpoint(multiaddr(text)), undefined)
    })
  }

  for (const [text, expected] of [
    ['/ip4/7.7.7.7/tcp/1', true],
    ['/ip6/2a00:1450::1/tcp/1', true],
    ['/ip4/10.0.0.1/tcp/1', false],
    ['/ip4/172.17.0.2/tcp/1', false],
    ['/ip4/192.168.1.1/tcp/1', false],
    ['/ip4/100.64.0.1/tcp/1', false],
    ['/ip4/169.254.1.1/tcp/1', false],
    ['/ip4/127.0.0.1/tcp/1', false],
    ['/ip6/::1/tcp/1', false],
    ['/ip6/fe80::1/tcp/1', false],
    ['/ip6/fd00::1/tcp/1', false],
    ['/dns4/a.example/tcp/1', false]
  ] as const) {
    it(`${expected ? 'is' : 'is not'} public when it is ${text}`, () => {
      assert.equal(isPublicAddress(multiaddr(text)), expected)
    })
  }

  it('is relayed exactly when a circuit is in it', () => {
    assert.equal(isRelayed(multiaddr(`/ip4/192.0.2.7/tcp/1/p2p/${PEER}/p2p-circuit`)), true)
    assert.equal(isRelayed(multiaddr(`/ip4/192.0.2.7/tcp/1/p2p/${PEER}`)), false)
  })

  it('loses its peer id', () => {
    const address = multiaddr(`/ip4/192.0.2.7/tcp/1/p2p/${PEER}`)
    assert.equal(withoutPeer(address).toString(), '/ip4/192.0.2.7/tcp/1')
    assert.equal(withoutPeer(withoutPeer(address)).toString(), '/ip4/192.0.2.7/tcp/1')
  })

  it('keeps its relay when it is a circuit to nobody in particular', () => {
    const circuit = `/ip4/192.0.2.7/tcp/1/p2p/${PEER}/p2p-circuit`
    assert.equal(withoutPeer(multiaddr(circuit)).toString(), circuit)
    assert.equal(withoutPeer(multiaddr(`${circuit}/p2p/${OTHER}`)).toString(), circuit)
  })

  it('stands once in a list of distinct ones, where it stood first', () => {
    const list = ['/ip4/1.1.1.1/tcp/1', '/ip4/2.2.2.2/tcp/2', '/ip4/1.1.1.1/tcp/1']
    assert.deepEqual(distinct(list.map((text) => multiaddr(text))).map(String), list.slice(0, 2))
  })
})
