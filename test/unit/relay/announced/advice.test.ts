// What an operator is told of addresses that cannot be right.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { multiaddr } from '@multiformats/multiaddr'
import {
  addressProblem,
  dialProblem,
  nameProblem,
  nowherePublic
} from '../../../../relay/announced/advice.ts'

const all = (texts: string[]) => texts.map((text) => multiaddr(text))
const BEHIND_A_FORWARD = ['/ip4/192.168.1.5/tcp/45678', '/ip4/127.0.0.1/tcp/45678']
const BOTH = [...BEHIND_A_FORWARD, '/ip6/2a00:1450::1/tcp/45678']

const problem = (announced: string, listening = BEHIND_A_FORWARD): string | undefined =>
  addressProblem(multiaddr(announced), all(listening))

const named = (hosts: string[], listening = BEHIND_A_FORWARD): string | undefined =>
  nameProblem(multiaddr('/dns/relay.example/tcp/1'), hosts, all(listening))

const dialled = (text: string): string | undefined =>
  dialProblem(multiaddr('/dns4/relay.example/tcp/443'), text)

describe('an announced IP address', () => {
  it('of the Internet is taken as it is, whatever its port', () => {
    assert.equal(problem('/ip4/7.7.7.7/tcp/443'), undefined)
    assert.equal(problem('/ip6/2a00:1450::9/tcp/1', BOTH), undefined)
  })

  for (const [announced, words] of [
    [
      '/ip4/10.1.2.3/tcp/1',
      /10\.1\.2\.3\/tcp\/1 cannot be reached from outside its private network/
    ],
    ['/ip6/fd00::1/tcp/1', /private network: announce the public address or the name/],
    ['/ip4/100.64.0.9/tcp/1', /outside its provider's network or overlay/],
    ['/ip4/127.0.0.1/tcp/1', /leads every peer to its own machine/],
    ['/ip6/fe80::1/tcp/1', /is not told to anybody/],
    ['/ip4/203.0.113.7/tcp/1', /an example from a manual/],
    ['/ip4/224.0.0.1/tcp/1', /no host can have/]
  ] as const) {
    it(`${announced} is told to be of no use, and what to do`, () => {
      assert.match(problem(announced) ?? '', words)
    })
  }

  it('of another family than any that is listened on has to be forwarded', () => {
    assert.match(problem('/ip6/2a00:1450::9/tcp/1') ?? '', /is IPv6, and the relay listens on no/)
  })

  it('of this machine itself has the port that is listened on', () => {
    const here = ['/ip4/7.7.7.7/tcp/45678']
    assert.equal(problem('/ip4/7.7.7.7/tcp/45678', here), undefined)
    assert.match(problem('/ip4/7.7.7.7/tcp/443', here) ?? '', /port 443, .* on port 45678/)
  })
})

describe('an announced name', () => {
  it('may lead to any public address', () => {
    assert.equal(named(['7.7.7.7', '9.9.9.9']), undefined)
    assert.equal(named(['7.7.7.7', '2a00:1450::9'], BOTH), undefined)
  })

  it('is complained of for the first address that others cannot reach', () => {
    assert.match(
      named(['7.7.7.7', '192.168.1.5']) ?? '',
      /^the announced name relay\.example leads to 192\.168\.1\.5, which cannot be reached from outside/
    )
    assert.match(named(['7.7.7.7', '2a00:1450::9']) ?? '', /leads to 2a00:1450::9, which is IPv6/)
  })
})

describe('a relay that announces nothing', () => {
  it('is told how peers elsewhere can reach it when it has private addresses only', () => {
    const words = nowherePublic(all(BEHIND_A_FORWARD)) ?? ''
    assert.match(words, /no address of this machine is public/)
    assert.match(words, /--announce \/ip4\/ADDRESS\/tcp\/45678 or \/dns4\/NAME\/tcp\/45678$/)
  })

  it('is left alone when one is public', () => {
    assert.equal(nowherePublic(all(BOTH)), undefined)
  })
})

describe('a dial to an announced address', () => {
  it('that nobody answers is no proof, and how to get one is said', () => {
    for (const text of ['connect ECONNREFUSED', 'connect ETIMEDOUT', 'Error timed out']) {
      assert.match(dialled(text) ?? '', /from this machine itself; .* nc -zv relay\.example 443$/)
    }
  })

  it('that somebody else answers says where to look', () => {
    const other = 'Payload identity key 12D3KooWA does not match expected remote identity key'
    assert.match(dialled(other) ?? '', /leads to another relay, with another key/)
    assert.match(dialled('read ECONNRESET') ?? '', /something that is not this relay/)
  })

  it('that failed for reasons of its own says nothing', () => {
    assert.equal(dialled('out of memory'), undefined)
  })
})
