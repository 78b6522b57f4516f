// Where a forwarded port helps, and which claims of routers are believed.
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { multiaddr, type Multiaddr } from '@multiformats/multiaddr'
import {
  forwardedAddress,
  portAt,
  publicHosts,
  whyUseless
} from '../../../../peer/port-mapping/usefulness.ts'

const at = (...texts: string[]): Multiaddr[] => texts.map((text) => multiaddr(text))
const LISTENING = at('/ip4/192.168.1.2/tcp/4001', '/ip4/127.0.0.1/tcp/4001', '/ip6/::1/tcp/4001')
const forward = (externalHost: string, externalPort = 4001): Parameters<typeof whyUseless>[0] => ({
  externalHost,
  externalPort,
  lifetimeSeconds: 1800
})

it('a relay that sees us at a public address that is not ours sees a NAT', () => {
  const mapped = at('/ip4/7.7.7.2/tcp/40001', '/ip4/7.7.7.2/tcp/40417')
  assert.deepEqual(publicHosts(mapped, LISTENING), ['7.7.7.2'])
})

it('there is nothing to forward on a public host, on the LAN of the relay, over IPv6, or unseen', () => {
  assert.deepEqual(publicHosts(at('/ip4/7.7.7.3/tcp/1'), at('/ip4/7.7.7.3/tcp/1')), [])
  for (const seen of ['/ip4/192.168.1.2/tcp/1', '/ip4/127.0.0.1/tcp/1', '/ip6/2a01::1/tcp/1']) {
    assert.deepEqual(publicHosts(at(seen), LISTENING), [])
  }
  assert.deepEqual(publicHosts([], LISTENING), [])
})

it('knows the port on which we listen at an address, if we do', () => {
  assert.equal(portAt('192.168.1.2', LISTENING), 4001)
  assert.equal(portAt('10.0.0.1', LISTENING), undefined)
})

it('believes a router whose address a relay sees us at', () => {
  assert.equal(whyUseless(forward('7.7.7.2'), ['7.7.7.2', '7.7.7.9']), undefined)
  assert.equal(forwardedAddress(forward('7.7.7.2')).toString(), '/ip4/7.7.7.2/tcp/4001')
})

it('explains a router that has another address: a second NAT, or a VPN that hides it', () => {
  const why = whyUseless(forward('100.64.3.4'), ['7.7.7.2'])
  assert.match(why ?? '', /^has the address 100\.64\.3\.4, and the relay sees you at 7\.7\.7\.2: /)
})

it('believes no router that names loopback, nonsense, or no port', () => {
  for (const host of ['127.0.0.1', '', 'router', '::1', '7.7.7.2/x', '0.0.0.0']) {
    assert.ok(whyUseless(forward(host), ['7.7.7.2']), host)
  }
  for (const port of [0, -1, 65_536]) assert.ok(whyUseless(forward('7.7.7.2', port), ['7.7.7.2']))
})
