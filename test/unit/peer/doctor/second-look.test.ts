// At which other addresses of a relay the doctor looks.
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { multiaddr } from '@multiformats/multiaddr'
import { otherDestinations } from '../../../../peer/doctor/measure/second-look.ts'

const ID = '/p2p/12D3KooWEHUQf4tPKh6TeSX5WdAhMP5xmtLXQDAeWrfUW8TLKvvv'

const others = (reached: string, ...named: string[]): string[] =>
  otherDestinations(
    multiaddr(reached + ID),
    named.map((each) => multiaddr(each))
  ).map(String)

it('are others of the same family, two at most', () => {
  const named = [1, 2, 3, 4].map((n) => `/ip4/7.7.7.1/tcp/${n}${ID}`)
  const found = others('/ip4/7.7.7.1/tcp/1', `/ip6/2a01::1/tcp/1${ID}`, ...named)
  assert.deepEqual(found, ['/ip4/7.7.7.1/tcp/2', '/ip4/7.7.7.1/tcp/3'])
})

it('are never those of our own network that a relay names, unless it was reached there', () => {
  assert.deepEqual(
    others('/ip4/7.7.7.1/tcp/1', '/ip4/192.168.1.1/tcp/2', '/ip4/127.0.0.1/tcp/2'),
    []
  )
  const lan = others('/ip4/192.168.1.1/tcp/1', '/ip4/192.168.1.1/tcp/2', '/ip4/192.168.1.9/tcp/2')
  assert.deepEqual(lan, ['/ip4/192.168.1.1/tcp/2'])
})

it('are no names, no circuits, and nothing that is not of TCP', () => {
  const found = others(
    '/ip4/7.7.7.1/tcp/1',
    '/dns4/relay.example.org/tcp/2',
    `/ip4/7.7.7.1/tcp/2${ID}/p2p-circuit`,
    '/ip4/7.7.7.1/udp/2/quic-v1'
  )
  assert.deepEqual(found, [])
})
