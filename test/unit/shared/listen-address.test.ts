// Addresses of one's own, for --listen and --announce.
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { UsageError } from '../../../shared/errors.ts'
import { parseAnnounceAddress, parseListenAddress } from '../../../shared/listen-address.ts'

const refuses = (parse: () => unknown, words: RegExp): void =>
  assert.throws(parse, (error: unknown) => {
    assert.ok(error instanceof UsageError)
    assert.match(error.message, words)
    assert.doesNotMatch(error.message, /\n|\. /)
    return true
  })

it('listening works on IP addresses, port 0 included', () => {
  for (const text of ['/ip4/0.0.0.0/tcp/0', '/ip6/::/tcp/0', '/ip4/127.0.0.1/tcp/45678']) {
    assert.equal(parseListenAddress(text, '--listen').toString(), text)
  }
})

it('listening on anything else is refused with the name of the option', () => {
  refuses(() => parseListenAddress('45678', '--listen'), /"45678" of --listen is malformed/)
  refuses(
    () => parseListenAddress('/ip4/1.2.3.4/udp/1', 'PARLEY_LISTEN'),
    /of PARLEY_LISTEN is not/
  )
  refuses(() => parseListenAddress('/dns4/a.org/tcp/1', '--listen'), /use \/ip4\/ or \/ip6\//)
  refuses(() => parseListenAddress('/ip4/1.2.3.4/tcp/1/ws', '--listen'), /not a plain TCP address/)
})

it('an announced address may be a name, but has to be one that can be dialled', () => {
  assert.equal(
    parseAnnounceAddress('/dns4/a.org/tcp/45678', '--announce').toString(),
    '/dns4/a.org/tcp/45678'
  )
  refuses(() => parseAnnounceAddress('/ip4/0.0.0.0/tcp/1', '--announce'), /cannot be dialled/)
  refuses(() => parseAnnounceAddress('/ip4/1.2.3.4/tcp/0', '--announce'), /cannot be dialled/)
  refuses(() => parseAnnounceAddress('a.org:45678', '--announce'), /malformed/)
  refuses(() => parseAnnounceAddress('/dnsaddr/a.org/tcp/1', '--announce'), /use \/dns4\//)
})

it('an address with a peer id is refused, for whoever listens has one already', () => {
  const copied = '/ip4/1.2.3.4/tcp/1/p2p/12D3KooWEHUQf4tPKh6TeSX5WdAhMP5xmtLXQDAeWrfUW8TLKvvv'
  refuses(() => parseAnnounceAddress(copied, '--announce'), /has a peer id, which is added/)
})
