// Whether what a relay says it sees of us can be true.
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { multiaddr } from '@multiformats/multiaddr'
import { believableMapping } from '../../../../peer/reservations/mapping.ts'

const PEER = '12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN'
const RELAY = '/ip4/7.7.7.1/tcp/45678'

const mapping = (observed: string, relay: string): string | undefined =>
  believableMapping(multiaddr(observed), multiaddr(relay))?.toString()

it('believes an address with a port, and leaves our own peer id away', () => {
  assert.equal(mapping(`/ip4/7.7.7.2/tcp/4001/p2p/${PEER}`, RELAY), '/ip4/7.7.7.2/tcp/4001')
})

it('believes loopback only from a relay on this machine', () => {
  assert.equal(mapping('/ip4/127.0.0.1/tcp/6379', RELAY), undefined)
  assert.equal(
    mapping('/ip4/127.0.0.1/tcp/4001', '/ip4/127.0.0.1/tcp/45678'),
    '/ip4/127.0.0.1/tcp/4001'
  )
  assert.equal(mapping('/ip6/::1/tcp/6379', RELAY), undefined)
})

it('believes nothing that is no TCP address, or that came through another relay', () => {
  assert.equal(mapping('/dns4/localhost/tcp/22', RELAY), undefined)
  assert.equal(mapping('/ip4/7.7.7.2/udp/4001', RELAY), undefined)
  const circuit = `${RELAY}/p2p/${PEER}/p2p-circuit/p2p/${PEER}`
  assert.equal(mapping('/ip4/7.7.7.2/tcp/4001', circuit), undefined)
  assert.equal(believableMapping(undefined, multiaddr(RELAY)), undefined)
})
