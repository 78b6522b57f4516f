// A peer of stock js-libp2p, as its documentation assembles one for hole punching: what it can do without Parley.
// node stock-peer.ts RELAY [PEER [ANNOUNCE]]: reserves at the relay, dials the peer through it, prints its connections
// as JSON. ANNOUNCE is a public address of this host, known beforehand.

import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { circuitRelayTransport } from '@libp2p/circuit-relay-v2'
import { dcutr } from '@libp2p/dcutr'
import { identify } from '@libp2p/identify'
import { tcp } from '@libp2p/tcp'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { tell } from '../tell.ts'

const [relay, target, announce] = process.argv.slice(2)
if (relay === undefined) throw new Error('usage: node stock-peer.ts RELAY [PEER [ANNOUNCE]]')

const node = await createLibp2p({
  addresses: {
    listen: ['/ip4/0.0.0.0/tcp/4002', `${relay}/p2p-circuit`],
    appendAnnounce: announce === undefined ? [] : [announce]
  },
  transports: [tcp(), circuitRelayTransport()],
  connectionEncrypters: [noise()],
  streamMuxers: [yamux()],
  services: { identify: identify(), dcutr: dcutr() },
  // It would not dial the lab's private addresses otherwise, and they are the ones that work on a LAN.
  connectionGater: { denyDialMultiaddr: () => false }
})
node.addEventListener('connection:open', ({ detail: { remotePeer, direct, remoteAddr } }) =>
  tell({ event: 'connection', peer: remotePeer.toString(), direct, address: remoteAddr.toString() })
)
node.addEventListener('peer:identify', ({ detail: { connection, protocols } }) => {
  if (!connection.direct) tell({ event: 'identified', dcutr: protocols.includes('/libp2p/dcutr') })
})
node.addEventListener('self:peer:update', () => {
  const reserved = node
    .getMultiaddrs()
    .some((address) => address.toString().includes('p2p-circuit'))
  if (reserved) tell({ event: 'reserved', peerId: node.peerId.toString() })
})
await node.start()
if (target !== undefined) await node.dial(multiaddr(`${relay}/p2p-circuit/p2p/${target}`))
