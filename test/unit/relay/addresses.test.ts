// Which address a relay puts first.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { multiaddr } from '@multiformats/multiaddr'
import { bestFirst, reachable } from '../../../relay/addresses.ts'

const LOOPBACK = '/ip4/127.0.0.1/tcp/45678'
const LAN = '/ip4/192.168.1.5/tcp/45678'
const DOCKER = '/ip4/172.17.0.1/tcp/45678'
const PUBLIC = '/ip4/7.7.7.7/tcp/45678'
const PUBLIC6 = '/ip6/2a00:1450::1/tcp/45678'
const LINK_LOCAL = '/ip6/fe80::1/tcp/45678'
const NAMED = '/dns4/relay.example/tcp/45678'

const order = (addresses: string[], announced: string[] = []): string[] =>
  bestFirst(
    addresses.map((text) => multiaddr(text)),
    announced.map((text) => multiaddr(text))
  ).map(String)

const usable = (addresses: string[]): string[] =>
  reachable(addresses.map((text) => multiaddr(text))).map(String)

describe("the relay's own addresses", () => {
  it('come announced first, then public, private, loopback, without link-local ones', () => {
    const found = [LOOPBACK, LINK_LOCAL, LAN, PUBLIC6, DOCKER, PUBLIC, NAMED]
    const best = [NAMED, PUBLIC, PUBLIC6, LAN, DOCKER, LOOPBACK]
    assert.deepEqual(order(found, [NAMED]), best)
    assert.deepEqual(order([LAN, PUBLIC, LAN], [LAN]), [LAN, PUBLIC])
  })

  it('are of use to others without loopback, unless there is nothing else', () => {
    assert.deepEqual(usable([LAN, LOOPBACK]), [LAN])
    assert.deepEqual(usable([LOOPBACK]), [LOOPBACK])
  })
})
