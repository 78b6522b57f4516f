// Peer ids as they stand in protobuf messages: the bytes of a multihash. (pure)
import type { PeerId } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { toString } from 'uint8arrays/to-string'

/** The longest in use, an inlined ed25519 or secp256k1 key, has 39. */
const MAX_PEER_ID_BYTES = 64

/** The peer that the bytes name, or undefined when they name none. */
export function peerIdFromBytes(bytes: Uint8Array): PeerId | undefined {
  if (bytes.byteLength > MAX_PEER_ID_BYTES) return undefined
  try {
    const peerId = peerIdFromString(toString(bytes, 'base58btc'))
    return peerId.type === 'url' ? undefined : peerId
  } catch {
    return undefined
  }
}
