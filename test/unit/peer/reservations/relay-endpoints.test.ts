// Where a relay is, as far as is known, and where for certain.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { multiaddr, type Multiaddr } from '@multiformats/multiaddr'
import { RelayEndpoints } from '../../../../peer/reservations/relay-endpoints.ts'
import { dialledCandidates } from '../../../../peer/traversal/candidates.ts'
import { fakeClock } from '../../../support/fake-clock.ts'

const PEER = '/p2p/12D3KooWEHUQf4tPKh6TeSX5WdAhMP5xmtLXQDAeWrfUW8TLKvvv'
const tcp = (host: string, port = 4001): string => `/ip4/${host}/tcp/${port}`
const NAME = '/dns/relay.example/tcp/4001'
const running = { signal: new AbortController().signal }

const addresses = (texts: readonly string[]): Multiaddr[] => texts.map((text) => multiaddr(text))
const texts = ({ all }: RelayEndpoints): string[] => all.map(String)

/** What of a peer's offer is dialled by somebody who uses that relay. */
const dialled = ({ certain }: RelayEndpoints, ...offered: string[]): string[] =>
  dialledCandidates(addresses(offered), [], { relays: certain }).candidates.map(String)

describe('the endpoints of a relay', () => {
  it('are the one that was named, before it has answered', () => {
    assert.deepEqual(texts(new RelayEndpoints(multiaddr(`${NAME}${PEER}`))), [NAME])
  })

  it('are where it has answered as well, and all that its name leads to', async () => {
    const hosts: string[][] = [['7.7.7.2', '2a00::7'], ['7.7.7.3']]
    const relay = new RelayEndpoints(multiaddr(NAME), async () => hosts.shift() ?? [])
    await relay.answered(multiaddr(`${tcp('7.7.7.1')}${PEER}`), running)
    assert.deepEqual(texts(relay), [NAME, tcp('7.7.7.1'), tcp('7.7.7.2'), '/ip6/2a00::7/tcp/4001'])
    await relay.answered(multiaddr(tcp('7.7.7.3')), running)
    assert.equal(texts(relay).includes(tcp('7.7.7.1')), true, 'it may come back there')
    assert.equal(texts(relay).includes(tcp('7.7.7.3')), true)
  })

  it('are where it has answered, although its name leads nowhere now', async () => {
    const relay = new RelayEndpoints(multiaddr(NAME), async () => {
      throw new Error('no such host')
    })
    await relay.answered(multiaddr(tcp('7.7.7.1')), running)
    assert.deepEqual(texts(relay), [NAME, tcp('7.7.7.1')])
  })

  it('are where it has answered, although its name is looked up without end', async (t) => {
    const clock = fakeClock(t)
    const { promise: never } = Promise.withResolvers<string[]>()
    const relay = new RelayEndpoints(multiaddr(NAME), async () => never)
    const known = relay.answered(multiaddr(tcp('7.7.7.1')), running)
    const left = relay.answered(multiaddr(tcp('7.7.7.1')), { signal: AbortSignal.abort() })
    await left
    await clock.pass(10_000, 1_000)
    await known
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
    for (let times = 0; times < 100; times += 1)
      await relay.answered(multiaddr(tcp('7.7.7.1')), running)
    assert.equal(relay.all.length, 18)
  })
})

describe('a member that names an address of the relay as its own', () => {
  it('has nobody punch where the relay answers, reflects, or is by its name', async () => {
    const relay = new RelayEndpoints(multiaddr(NAME), async () => ['7.7.7.2', '2a00::7'])
    await relay.answered(multiaddr(tcp('7.7.7.1')), running)
    relay.reflects(addresses([tcp('7.7.7.1', 4003), tcp('7.7.7.4', 4003)]))
    const places = [
      tcp('7.7.7.1'),
      tcp('7.7.7.2'),
      '/ip6/2a00::7/tcp/4001',
      tcp('7.7.7.1', 4003),
      tcp('7.7.7.4', 4003)
    ]
    assert.deepEqual(dialled(relay, ...places, tcp('9.9.9.9')), [tcp('9.9.9.9')])
  })

  it('has nobody punch at other ports that the relay announces of a host where it answers', async () => {
    const relay = new RelayEndpoints(multiaddr(tcp('7.7.7.1')))
    await relay.answered(multiaddr(tcp('7.7.7.1')), running)
    relay.says(addresses([tcp('7.7.7.1', 443)]))
    const other = tcp('7.7.7.1', 8_443)
    assert.deepEqual(dialled(relay, tcp('7.7.7.1', 443), other), [other])
  })
})

describe('a relay that calls the address of a member its own', () => {
  const member = tcp('9.9.9.9', 50_123)

  it('does not keep others from dialling it', async () => {
    const relay = new RelayEndpoints(multiaddr(tcp('7.7.7.1')))
    await relay.answered(multiaddr(tcp('7.7.7.1')), running)
    relay.says(addresses([`${member}${PEER}`]))
    assert.deepEqual(dialled(relay, member), [member])
  })

  it('does not either when its name leads to the host of the member as well', async () => {
    const relay = new RelayEndpoints(multiaddr(NAME), async () => ['7.7.7.1', '9.9.9.9'])
    await relay.answered(multiaddr(tcp('7.7.7.1')), running)
    relay.says(addresses([member]))
    assert.deepEqual(dialled(relay, member), [member])
  })
})
