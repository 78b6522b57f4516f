// Through which relays a member is dialled, and in which order.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { multiaddr } from '@multiformats/multiaddr'
import { circuitRoutes, relayOf } from '../../../../peer/circuits/routes.ts'
import { multiaddrs } from '../../../support/multiaddrs.ts'

const ids = [
  '12D3KooWEHUQf4tPKh6TeSX5WdAhMP5xmtLXQDAeWrfUW8TLKvvv',
  '12D3KooWJWoaqZhDaoEFshF7Rh1bpY9ohihFhzcW6d69Lr2NASuq',
  '12D3KooWQYV9dGMFoRzNStwpXztXaBUjtPqi6aU76ZgUriHhKust',
  '12D3KooWNvSZnPi3RrhrTwEY4LuuBeB6K6facKUCJcyWG1aoDd2p',
  '12D3KooWRBhwfeP2Y4TCx1SM6s9rUoHhR5STiGwxBhgFRcw3UERE',
  '12D3KooWHdiAxVd8uMQR1hGWXccidmfCwLqcMpGwR6QcTP6QRMuD',
  '12D3KooWPjceQrSwdWXPyLLeABRXmuqt69Rg3sBYbU1Nft9HyQ6X'
] as const
const [SELF, MEMBER, OURS, THEIRS, OTHER, ...MORE] = ids

const circuit = (relay: string, host = '7.7.7.9'): string =>
  `/ip4/${host}/tcp/1/p2p/${relay}/p2p-circuit`

function routes(own: string[], registered: string[]): string[] {
  const init = {
    self: SELF,
    member: MEMBER,
    own: multiaddrs(...own),
    registered: multiaddrs(...registered)
  }
  return circuitRoutes(init).map(String)
}

describe('the routes to a member', () => {
  it('are our relays when it names none', () => {
    assert.deepEqual(routes([circuit(OURS)], ['/ip4/7.7.7.2/tcp/1']), [circuit(OURS)])
  })

  it('begin with the relays that we share, then those that it names, then our others', () => {
    const named = [circuit(THEIRS), `${circuit(OURS, '7.7.7.8')}/p2p/${MEMBER}`]
    assert.deepEqual(routes([circuit(OTHER), circuit(OURS)], named), [
      circuit(OURS),
      circuit(THEIRS),
      circuit(OTHER)
    ])
  })

  it('lead to three addresses of a relay at most', () => {
    const named = [1, 2, 3, 4, 5].map((host) => circuit(THEIRS, `7.7.7.${host}`))
    assert.deepEqual(routes([], named), named.slice(0, 3))
    assert.deepEqual(routes([], [circuit(THEIRS), circuit(THEIRS)]), [circuit(THEIRS)])
  })

  it('lead through three relays that it names at most, also by their later addresses', () => {
    const named = [THEIRS, OTHER, OURS, ...MORE].map((relay) => circuit(relay))
    assert.deepEqual(routes([], named), named.slice(0, 3))
    const later = circuit(THEIRS, '7.7.7.2')
    assert.deepEqual(routes([], [...named, later]), [...named.slice(0, 3), later])
  })

  for (const named of [
    circuit(SELF),
    circuit(MEMBER),
    `/p2p/${THEIRS}/p2p-circuit`,
    '/ip4/7.7.7.9/tcp/1/p2p-circuit',
    `/ip4/7.7.7.9/udp/1/quic-v1/p2p/${THEIRS}/p2p-circuit`,
    `/ip4/7.7.7.9/tcp/1/ws/p2p/${THEIRS}/p2p-circuit`,
    `${circuit(THEIRS)}/p2p/${OTHER}/p2p-circuit`
  ]) {
    it(`do not lead through ${named}`, () => {
      assert.deepEqual(routes([], [named]), [])
    })
  }

  it('name the relay and where it is, also with a destination', () => {
    const relay = relayOf(multiaddr(`${circuit(THEIRS)}/p2p/${MEMBER}`))
    assert.deepEqual([relay?.transport.toString(), relay?.peer], ['/ip4/7.7.7.9/tcp/1', THEIRS])
    assert.equal(relayOf(multiaddr(`/ip4/7.7.7.9/tcp/1/p2p/${THEIRS}`)), undefined)
  })
})
