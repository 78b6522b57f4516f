// The address of a relay, as people type and mistype it.
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { UsageError } from '../../../shared/errors.ts'
import { parseRelayAddress } from '../../../shared/relay-address.ts'

const PEER = '12D3KooWEHUQf4tPKh6TeSX5WdAhMP5xmtLXQDAeWrfUW8TLKvvv'

it('IP addresses and names with a port and a peer id are taken as they are', () => {
  for (const start of [
    '/ip4/203.0.113.7/tcp/45678',
    '/ip6/2001:db8::7/tcp/45678',
    '/dns4/relay.example.org/tcp/45678',
    '/dns6/relay.example.org/tcp/1',
    '/dns/relay.example.org/tcp/65535'
  ]) {
    const parsed = parseRelayAddress(` ${start}/p2p/${PEER}\n`)
    assert.equal(parsed.address.toString(), `${start}/p2p/${PEER}`)
    assert.equal(parsed.peerId?.toString(), PEER)
  }
})

it('a peer id may be left out: whoever answers there is the relay', () => {
  const parsed = parseRelayAddress('/dns4/relay.example.org/tcp/45678')
  assert.equal(parsed.address.toString(), '/dns4/relay.example.org/tcp/45678')
  assert.equal(parsed.peerId, undefined)
})

const WRONG: Array<[text: string, code: string]> = [
  ['', 'relay-address-malformed'],
  ['/', 'relay-address-malformed'],
  ['203.0.113.7:45678', 'relay-address-malformed'],
  [`/ip4/203.0.113.700/tcp/45678/p2p/${PEER}`, 'relay-address-malformed'],
  [`/ip4/203.0.113.7/tcp/456789/p2p/${PEER}`, 'relay-address-malformed'],
  [`/ip4/203.0.113.7/tpc/45678/p2p/${PEER}`, 'relay-address-malformed'],
  ['/ip4/203.0.113.7/tcp/45678/p2p/', 'relay-address-malformed'],
  ['/ip4/203.0.113.7/tcp/45678/p2p/bob', 'relay-address-peer-id'],
  [`/ip4/203.0.113.7/tcp/45678/p2p/${PEER}/p2p-circuit`, 'relay-address-circuit'],
  [`/ip4/203.0.113.7/tcp/45678/p2p/${PEER}/p2p-circuit/p2p/${PEER}`, 'relay-address-circuit'],
  [`/ip4/203.0.113.7/udp/45678/quic-v1/p2p/${PEER}`, 'relay-address-transport'],
  [`/ip4/203.0.113.7/tcp/45678/ws/p2p/${PEER}`, 'relay-address-transport'],
  [`/ip4/203.0.113.7/p2p/${PEER}`, 'relay-address-transport'],
  [`/p2p/${PEER}`, 'relay-address-transport'],
  [`/ip4/0.0.0.0/tcp/45678/p2p/${PEER}`, 'relay-address-unspecified'],
  [`/ip6/::/tcp/45678/p2p/${PEER}`, 'relay-address-unspecified'],
  [`/ip4/203.0.113.7/tcp/0/p2p/${PEER}`, 'relay-address-port'],
  [`/${'x'.repeat(5000)}`, 'relay-address-malformed']
]

for (const [text, code] of WRONG) {
  it(`${text.slice(0, 80) || 'nothing'} is refused in one sentence with an example: ${code}`, () => {
    assert.throws(
      () => parseRelayAddress(text),
      (error: unknown) => {
        assert.ok(error instanceof UsageError)
        assert.equal(error.code, code)
        assert.equal(error.exitCode, 2)
        assert.ok(error.message.startsWith(`the relay address "${text.slice(0, 120)}`))
        assert.match(error.message, /for example \/ip4\/203\.0\.113\.7\/tcp\/45678\/p2p\/12D3KooW/)
        assert.doesNotMatch(error.message, /\n|\. /)
        assert.ok(error.message.length < 500)
        return true
      }
    )
  })
}

it('a port that is none is named as what is wrong', () => {
  for (const port of ['65536', '99999']) {
    const text = `/ip4/203.0.113.7/tcp/${port}/p2p/${PEER}`
    assert.throws(() => parseRelayAddress(text), /is malformed: ports go from 1 to 65535,/)
  }
})
