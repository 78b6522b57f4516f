// Noise as the library speaks it, without what makes its relaying slow: see noise-crypto.ts and gathered-writes.ts, and
// a copy of every frame that it makes for a cipher which is not used here.
import { noise, type NoiseComponents } from '@chainsafe/libp2p-noise'
import type { ConnectionEncrypter, MessageStream } from '@libp2p/interface'
import type { Uint8ArrayList } from 'uint8arraylist'
import { gatherWrites } from './gathered-writes.ts'
import { keptKey } from './kept-key.ts'
import { noiseCrypto } from './noise-crypto.ts'

/** What a secured connection has beside its public face. */
interface Decrypting {
  handshake: { decrypt(frame: Uint8ArrayList): Uint8ArrayList }
  decrypt(frame: Uint8ArrayList): Uint8ArrayList
}

const TAG_BYTES = 16

/** For the `connectionEncrypters` of a node. */
export function swiftNoise(): (components: NoiseComponents) => ConnectionEncrypter {
  return (components) => {
    const inner = noise({ crypto: noiseCrypto })(withKeptKey(components))
    const secureInbound = inner.secureInbound.bind(inner)
    const secureOutbound = inner.secureOutbound.bind(inner)
    inner.secureInbound = async (connection, options) => {
      gatherWrites(connection)
      const secured = await secureInbound(connection, options)
      decryptInPlace(secured.connection)
      return secured
    }
    inner.secureOutbound = async (connection, options) => {
      gatherWrites(connection)
      const secured = await secureOutbound(connection, options)
      decryptInPlace(secured.connection)
      return secured
    }
    return inner
  }
}

/** The upgrader is only there once the node is complete. */
function withKeptKey(components: NoiseComponents): NoiseComponents {
  const { peerId, logger, metrics } = components
  return {
    peerId,
    logger,
    privateKey: keptKey(components.privateKey),
    get upgrader() {
      return components.upgrader
    },
    ...(metrics === undefined ? {} : { metrics })
  }
}

/** The decoder before it hands over one frame at a time. */
function decryptInPlace(connection: MessageStream): void {
  if (!isDecrypting(connection)) return
  connection.decrypt = (frame) => {
    if (frame.byteLength < TAG_BYTES) throw new Error('a Noise frame is shorter than its tag')
    return connection.handshake.decrypt(frame)
  }
}

function isDecrypting(connection: MessageStream): connection is MessageStream & Decrypting {
  return 'handshake' in connection && 'decrypt' in connection
}
