// The peer store of a relay's node. libp2p notes for each peer what it listens on, speaks and has signed, by five writes
// for a connection; a relay uses none of it, and sees many peers. What the node notes of itself stays as it is.
import type {
  Libp2pEvents,
  Peer,
  PeerId,
  PeerStore,
  PrivateKey,
  TypedEventTarget
} from '@libp2p/interface'
import type { AddressManager } from '@libp2p/interface-internal'
import { PeerRecord, RecordEnvelope } from '@libp2p/peer-record'
import { withoutPeer } from '../shared/addresses.ts'

export interface UnknownPeersComponents {
  peerId: PeerId
  privateKey: PrivateKey
  peerStore: PeerStore
  addressManager: AddressManager
  events: TypedEventTarget<Libp2pEvents>
}

export interface UnknownPeersConfig {
  /** Monotonic. */
  nowMs?: () => number
}

/** Interfaces come and go without an event. */
const RECORD_MS = 5_000

/** A service of a node: what is noted of others is forgotten at once, and nothing is known of them. */
export function unknownPeers({ nowMs = () => performance.now() }: UnknownPeersConfig = {}): (
  components: UnknownPeersComponents
) => object {
  return (components) => {
    const { peerId, peerStore, events } = components
    const getOwn = peerStore.get.bind(peerStore, peerId)
    let own: { peer: Promise<Peer>; untilMs: number } | undefined
    events.addEventListener('self:peer:update', () => {
      own = undefined
    })
    for (const write of ['save', 'patch', 'merge'] as const) {
      const inner = peerStore[write].bind(peerStore)
      peerStore[write] = async (id, data, options) =>
        peerId.equals(id) ? inner(id, data, options) : unknown(id)
    }
    peerStore.consumePeerRecord = async () => false
    peerStore.get = async (id) => {
      if (!peerId.equals(id)) return unknown(id)
      if (own === undefined || nowMs() >= own.untilMs) {
        own = {
          peer: getOwn().then((peer) => sealed(peer, components)),
          untilMs: nowMs() + RECORD_MS
        }
        own.peer.catch(() => (own = undefined))
      }
      return { ...(await own.peer) }
    }
    return {}
  }
}

function unknown(id: PeerId): Peer {
  return { id, addresses: [], protocols: [], metadata: new Map(), tags: new Map() }
}

/** With the signed record that identify would otherwise sign anew for each who asks. */
async function sealed(
  peer: Peer,
  { peerId, privateKey, addressManager }: UnknownPeersComponents
): Promise<Peer> {
  const multiaddrs = addressManager.getAddresses().map(withoutPeer)
  if (multiaddrs.length === 0) return peer
  const record = new PeerRecord({ peerId, multiaddrs })
  const envelope = await RecordEnvelope.seal(record, privateKey)
  return { ...peer, peerRecordEnvelope: envelope.marshal() }
}
