// Which relays the ways to members lead through, and that none is dialled past its rules.
import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { multiaddr, type Multiaddr } from '@multiformats/multiaddr'
import { startWays, type Ways } from '../../../../peer/circuits/ways.ts'

const SELF = '12D3KooWEHUQf4tPKh6TeSX5WdAhMP5xmtLXQDAeWrfUW8TLKvvv'
const MEMBER = '12D3KooWJWoaqZhDaoEFshF7Rh1bpY9ohihFhzcW6d69Lr2NASuq'
const OURS = '12D3KooWQYV9dGMFoRzNStwpXztXaBUjtPqi6aU76ZgUriHhKust'
const THEIRS = '12D3KooWNvSZnPi3RrhrTwEY4LuuBeB6K6facKUCJcyWG1aoDd2p'
const OUR_CIRCUIT = `/ip4/7.7.7.9/tcp/1/p2p/${OURS}/p2p-circuit`
const THEIR_CIRCUIT = `/ip4/7.7.7.8/tcp/1/p2p/${THEIRS}/p2p-circuit`

function scene(test: TestContext, { relayedOnly = false } = {}): { ways: Ways; dialled: string[] } {
  const dialled: string[] = []
  const dial = async (address: Multiaddr): Promise<object> => {
    dialled.push(address.toString())
    return { status: 'open' }
  }
  const ways = startWays(
    {
      // What it uses of them.
      node: Object.assign(Object.create(null), { peerId: SELF, getConnections: () => [] }),
      transportManager: Object.assign(Object.create(null), { dial }),
      relays: () => ({
        circuits: [multiaddr(OUR_CIRCUIT)],
        addresses: [multiaddr(`/ip4/7.7.7.9/tcp/1/p2p/${OURS}`)],
        has: (peer) => peer === OURS
      }),
      addresses: () => [multiaddr(THEIR_CIRCUIT)],
      own: () => [],
      relayedOnly
    },
    { signal: new AbortController().signal }
  )
  test.after(async () => ways[Symbol.asyncDispose]())
  return { ways, dialled }
}

describe('the ways to members', () => {
  it('lead through the relay that a member names, which is dialled first and is a relay from then on', async (t) => {
    const { ways, dialled } = scene(t)
    assert.deepEqual(ways.circuits(MEMBER).map(String), [THEIR_CIRCUIT, OUR_CIRCUIT])
    assert.ok(ways.isRelay(OURS) && !ways.isRelay(THEIRS))
    const circuit = `${THEIR_CIRCUIT}/p2p/${MEMBER}`
    await ways.dialCircuit(multiaddr(circuit), new AbortController().signal)
    assert.deepEqual(dialled, [`/ip4/7.7.7.8/tcp/1/p2p/${THEIRS}`, circuit])
    assert.ok(ways.isRelay(THEIRS))
  })

  it('do not lead where relays may not be, not by way of the library either', async (t) => {
    const { ways, dialled } = scene(t)
    const inside = multiaddr(`/ip4/10.1.2.3/tcp/1/p2p/${THEIRS}/p2p-circuit/p2p/${MEMBER}`)
    await assert.rejects(ways.dialCircuit(inside, new AbortController().signal))
    assert.deepEqual(dialled, [])
  })

  it('lead through our own relays alone when we are to stay relayed', async (t) => {
    const { ways, dialled } = scene(t, { relayedOnly: true })
    assert.deepEqual(ways.circuits(MEMBER).map(String), [OUR_CIRCUIT])
    const circuit = `${OUR_CIRCUIT}/p2p/${MEMBER}`
    await ways.dialCircuit(multiaddr(circuit), new AbortController().signal)
    assert.deepEqual(dialled, [circuit])
  })
})
