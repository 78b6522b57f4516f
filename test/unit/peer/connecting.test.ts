// What happens at once when a relay says that it stops.
import assert from 'node:assert/strict'
import { it, type TestContext } from 'node:test'
import { multiaddr } from '@multiformats/multiaddr'
import { startConnecting, type Connecting } from '../../../peer/connecting.ts'

const MEMBER = '12D3KooWJWoaqZhDaoEFshF7Rh1bpY9ohihFhzcW6d69Lr2NASuq'
const RELAY = '12D3KooWQYV9dGMFoRzNStwpXztXaBUjtPqi6aU76ZgUriHhKust'
const CIRCUIT = `/ip4/192.0.2.9/tcp/1/p2p/${RELAY}/p2p-circuit`

/** With one connection to one member. */
function connecting(t: TestContext, remote: string): { started: Connecting; rounds: () => number } {
  const remotePeer = { toString: () => MEMBER }
  const connection = {
    status: 'open',
    remotePeer,
    remoteAddr: multiaddr(remote),
    direction: 'outbound'
  }
  const node = {
    peerId: 'self',
    getConnections: () => [connection],
    addEventListener: () => undefined,
    removeEventListener: () => undefined
  }
  let rounds = 0
  const started = startConnecting(
    {
      // What it uses of them.
      node: Object.assign(Object.create(null), node),
      transportManager: Object.create(null),
      selfId: 'self',
      relays: () => undefined,
      own: () => [],
      relayedOnly: false,
      traversal: { dialReachable: async () => undefined, hurry: () => (rounds += 1) },
      members: { has: () => true, addresses: () => [] },
      carrying: () => undefined
    },
    { signal: new AbortController().signal }
  )
  t.after(async () => started[Symbol.asyncDispose]())
  return { started, rounds: () => rounds }
}

it('whoever is reached through a relay that stops is punched once more', (t) => {
  const { started, rounds } = connecting(t, CIRCUIT)
  assert.deepEqual(started.leave(RELAY), [MEMBER])
  assert.equal(rounds(), 1)
})

it('nobody is punched for a relay that carries nothing', (t) => {
  const { started, rounds } = connecting(t, '/ip4/192.0.2.1/tcp/4001')
  assert.deepEqual(started.leave(RELAY), [])
  assert.equal(rounds(), 0)
})
