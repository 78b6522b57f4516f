// The peer store of a relay's node. libp2p notes for each peer what it listens on, speaks and has signed, by five writes
// for a connection; a relay uses none of it, and sees many peers. What the node notes of itself stays as it is.
import type { Peer, PeerId, PeerStore } from '@libp2p/interface'

export interface UnknownPeersComponents {
  peerId: PeerId
  peerStore: PeerStore
}

/** A service of a node: what is noted of others is forgotten at once, and nothing is known of them. */
export function unknownPeers(): (components: UnknownPeersComponents) => object {
  return ({ peerId, peerStore }) => {
    for (const write of ['save', 'patch', 'merge'] as const) {
      const inner = peerStore[write].bind(peerStore)
      peerStore[write] = async (id, data, options) =>
        peerId.equals(id) ? inner(id, data, options) : unknown(id)
    }
    const get = peerStore.get.bind(peerStore)
    peerStore.get = async (id, options) => (peerId.equals(id) ? get(id, options) : unknown(id))
    peerStore.consumePeerRecord = async () => false
    return {}
  }
}

function unknown(id: PeerId): Peer {
  return { id, addresses: [], protocols: [], metadata: new Map(), tags: new Map() }
}
