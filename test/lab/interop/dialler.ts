// node dialler.ts RELAY PEER: dials a peer that is in no room of ours, through the relay, with the peer's own parts.
// `parley chat` itself dials members of its room only; that other programs dial it needs nothing of this.

import { generateKeyPair } from '@libp2p/crypto/keys'
import { multiaddr } from '@multiformats/multiaddr'
import { startPeerNode } from '../../../peer/node.ts'
import { startRelayLink } from '../../../peer/reservations/relay-link.ts'
import { startTraversal } from '../../../peer/traversal/traversal.ts'
import { isRelayed } from '../../../shared/addresses.ts'
import { probePortReuse } from '../../../shared/transport/port-reuse.ts'
import { PunchTable } from '../../../shared/transport/punch-table.ts'
import { tell } from '../tell.ts'

const [relay, target] = process.argv.slice(2)
if (relay === undefined || target === undefined)
  throw new Error('usage: node dialler.ts RELAY PEER')

const { signal } = new AbortController()
const punches = new PunchTable()
const reuse = probePortReuse()
const privateKey = await generateKeyPair('Ed25519')
const { node, transportManager } = await startPeerNode({
  privateKey,
  listen: ['/ip4/0.0.0.0/tcp/0'],
  announce: [],
  punches,
  reuse
})
node.addEventListener('connection:open', ({ detail: { remotePeer, direct, direction } }) => {
  if (remotePeer.toString() === target) tell({ event: 'connection', direct, direction })
})
const link = startRelayLink({ node, relay, onState: () => {} }, { signal })
await startTraversal(
  {
    node,
    dial: async (address, options) => transportManager.dial(address, options),
    punches,
    reuse,
    own: () => ({
      mapped: link.mapped === undefined ? [] : [link.mapped],
      announced: [],
      listening: transportManager.getAddrs().filter((address) => !isRelayed(address))
    }),
    relays: () => link.endpoints.certain,
    carrying: () => undefined,
    nameOf: (peer) => peer,
    onSilence: () => undefined,
    onRound: (_, attempt, { role, outcome, reason }) =>
      tell({ event: 'punch', attempt, role, outcome, reason })
  },
  { signal }
)
await link.ready
await transportManager.dial(multiaddr(`${relay}/p2p-circuit/p2p/${target}`), { signal })
