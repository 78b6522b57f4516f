// Where a relay is, as far as is known.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { multiaddr } from '@multiformats/multiaddr'
import { RelayEndpoints } from '../../../../peer/reservations/relay-endpoints.ts'

const PEER = '/p2p/12D3KooWEHUQf4tPKh6TeSX5WdAhMP5xmtLXQDAeWrfUW8TLKvvv'
const tcp = (host: string): string => `/ip4/${host}/tcp/4001`
const NAME = '/dns/relay.example/tcp/4001'

const texts = ({ all }: RelayEndpoints): string[] => all.map(String)

describe('the endpoints of a relay', () => {
  it('are the one that was named, before it has answered', () => {
    assert.deepEqual(texts(new RelayEndpoints(multiaddr(`${NAME}${PEER}`))), [NAME])
  })

  it('are where it has answered as well, and all that its name leads to', async () => {
    const hosts: string[][] = [['7.7.7.2', '2a00::7'], ['7.7.7.3']]
    const relay = new RelayEndpoints(multiaddr(NAME), async () => hosts.shift() ?? [])
    await relay.answered(multiaddr(`${tcp('7.7.7.1')}${PEER}`))
    assert.deepEqual(texts(relay), [NAME, tcp('7.7.7.1'), tcp('7.7.7.2'), '/ip6/2a00::7/tcp/4001'])
    await relay.answered(multiaddr(tcp('7.7.7.3')))
    assert.equal(texts(relay).includes(tcp('7.7.7.1')), true, 'it may come back there')
    assert.equal(texts(relay).at(-1), tcp('7.7.7.3'))
  })

  it('are where it has answered, although its name leads nowhere now', async () => {
    const relay = new RelayEndpoints(multiaddr(NAME), async () => {
      throw new Error('no such host')
    })
    await relay.answered(multiaddr(tcp('7.7.7.1')))
    assert.deepEqual(texts(relay), [NAME, tcp('7.7.7.1')])
  })

  it('are what it says of itself, until it says something else, and not hundreds', () => {
    const relay = new RelayEndpoints(multiaddr(tcp('7.7.7.1')))
    relay.says([multiaddr(`${tcp('7.7.7.2')}${PEER}`)])
    assert.deepEqual(texts(relay), [tcp('7.7.7.1'), tcp('7.7.7.2')])
    relay.says(Array.from({ length: 300 }, (_, n) => multiaddr(tcp(`8.8.${n % 256}.${n >> 8}`))))
    assert.equal(relay.all.length, 17)
  })

  it('have an end, however often a name changes what it leads to', async () => {
    let n = 0
    const relay = new RelayEndpoints(multiaddr(NAME), async () => [`9.9.9.${(n += 1)}`])
    for (let times = 0; times < 100; times += 1) await relay.answered(multiaddr(tcp('7.7.7.1')))
    assert.equal(relay.all.length, 17)
  })
})
