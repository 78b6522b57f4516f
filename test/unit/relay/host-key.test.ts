// The host that places are given out by.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { multiaddr } from '@multiformats/multiaddr'
import { hostKey } from '../../../relay/host-key.ts'

const key = (address: string): string => hostKey(multiaddr(address))

describe('the host that an address counts for', () => {
  it('is the IPv4 address, whatever the port', () => {
    assert.equal(key('/ip4/7.7.7.7/tcp/1'), '7.7.7.7')
    assert.equal(key('/ip4/7.7.7.7/tcp/2'), '7.7.7.7')
  })

  it('is the /64 of an IPv6 address, however it is written', () => {
    assert.equal(key('/ip6/2001:db8:1:2:3:4:5:6/tcp/1'), '2001:db8:1:2::/64')
    assert.equal(key('/ip6/2001:db8:1:2::9/tcp/1'), '2001:db8:1:2::/64')
    assert.equal(key('/ip6/2001:db8::9/tcp/1'), '2001:db8:0:0::/64')
    assert.equal(key('/ip6/::1/tcp/1'), '0:0:0:0::/64')
  })
})
