// By which addresses others are told to find our relay.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { multiaddr } from '@multiformats/multiaddr'
import { relayAddresses } from '../../../../peer/reservations/relay-addresses.ts'

const RELAY = '12D3KooWEHUQf4tPKh6TeSX5WdAhMP5xmtLXQDAeWrfUW8TLKvvv'
const OTHER = '12D3KooWJWoaqZhDaoEFshF7Rh1bpY9ohihFhzcW6d69Lr2NASuq'

const NAME = '/dns4/relay.example.org/tcp/45678'
const PUBLIC = '/ip4/7.7.7.7/tcp/45678'
const PUBLIC6 = '/ip6/2a00:1450::1/tcp/45678'
const LAN = '/ip4/192.168.1.5/tcp/45678'
const LOOPBACK = '/ip4/127.0.0.1/tcp/45678'

const of = (address: string, peer = RELAY): string => `${address}/p2p/${peer}`

function known(dialled: string, told: string[]): string[] {
  const addresses = told.map((text) => multiaddr(text))
  const relay = { peerId: RELAY, dialled: multiaddr(dialled), told: addresses }
  return relayAddresses(relay).map(String)
}

describe("a relay's addresses in our record", () => {
  it('are the one that we dialled when it tells nothing', () => {
    assert.deepEqual(known(of(PUBLIC), []), [PUBLIC])
    assert.deepEqual(known(LOOPBACK, []), [LOOPBACK])
  })

  it('begin with the announced ones when we reached it in our own network', () => {
    const told = [of(NAME), of(PUBLIC), of(LAN)]
    assert.deepEqual(known(of(LAN), told), [NAME, PUBLIC, LAN])
    assert.deepEqual(known(of(LOOPBACK), told), [NAME, PUBLIC, LOOPBACK, LAN])
  })

  it('begin with the one that we dialled when it is meant for everybody: that one works', () => {
    assert.deepEqual(known(of(NAME), [of(PUBLIC), of(NAME), of(LAN)]), [NAME, PUBLIC, LAN])
    assert.deepEqual(known(of(PUBLIC), [of(LAN), of(PUBLIC6)]), [PUBLIC, PUBLIC6, LAN])
  })

  it('end in the peer id of the relay that we are at, or are left out', () => {
    const told = [of(NAME, OTHER), NAME, `${of(PUBLIC)}/p2p-circuit`, of(PUBLIC6)]
    assert.deepEqual(known(of(LAN), told), [PUBLIC6, LAN])
  })

  for (const senseless of [
    LOOPBACK,
    '/dns4/localhost/tcp/45678',
    '/ip4/0.0.0.0/tcp/45678',
    '/ip4/169.254.1.1/tcp/45678',
    '/ip4/224.0.0.1/tcp/45678',
    '/ip6/fe80::1/tcp/45678',
    '/ip6/::ffff:7f00:1/tcp/45678',
    '/ip4/7.7.7.8/tcp/0',
    '/dns4/relay.example.org/tcp/0',
    '/ip4/7.7.7.8/udp/45678/quic-v1',
    '/ip4/7.7.7.8/tcp/45678/ws'
  ]) {
    it(`have no ${senseless}`, () => {
      assert.deepEqual(known(of(PUBLIC), [of(senseless)]), [PUBLIC])
    })
  }

  it('have loopback where the relay is on this machine', () => {
    const told = [of('/dns4/localhost/tcp/45678'), of('/ip4/127.0.0.2/tcp/1')]
    assert.deepEqual(known(of(LOOPBACK), told), [
      LOOPBACK,
      '/dns4/localhost/tcp/45678',
      '/ip4/127.0.0.2/tcp/1'
    ])
  })

  it('are four at most, with the one that we dialled', () => {
    const told = Array.from({ length: 20 }, (_, n) => of(`/ip4/7.7.7.${n}/tcp/1`))
    assert.deepEqual(known(of(LAN), told).slice(3), [LAN])
    assert.equal(known(of(PUBLIC), told).length, 4)
  })
})
