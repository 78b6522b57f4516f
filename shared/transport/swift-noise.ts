// Noise as the library speaks it, without what makes its relaying slow: see noise-crypto.ts, gathered-seals.ts and
// whole-writes.ts, and handshake-frames.ts. The steps of the handshake and the nonces are the library's.
import { noise, type NoiseComponents } from '@chainsafe/libp2p-noise'
import type {
  AbortOptions,
  ConnectionEncrypter,
  MessageStream,
  SecureConnectionOptions,
  SecuredConnection
} from '@libp2p/interface'
import { gatherSeals } from './gathered-seals.ts'
import { HandshakeFrames } from './handshake-frames.ts'
import { keptKey } from './kept-key.ts'
import { noiseCrypto } from './noise-crypto.ts'
import { verifySwiftly } from './swift-verify.ts'
import { writeWhole } from './whole-writes.ts'

type Secure<Extensions> = (
  connection: MessageStream,
  options?: SecureConnectionOptions
) => Promise<SecuredConnection<Extensions>>

/** For the `connectionEncrypters` of a node. */
export function swiftNoise(): (components: NoiseComponents) => ConnectionEncrypter {
  verifySwiftly()
  return (components) => {
    const inner = withFrames(noise({ crypto: noiseCrypto })(withKeptKey(components)))
    inner.secureInbound = swiftly(inner.secureInbound.bind(inner))
    inner.secureOutbound = swiftly(inner.secureOutbound.bind(inner))
    return inner
  }
}

/** What the library's encrypter has beside its public face; the fourth of `rest` are the options. */
interface Handshaking extends ConnectionEncrypter {
  performHandshakeInitiator: Perform
  performHandshakeResponder: Perform
}

type Perform = (
  frames: Pick<HandshakeFrames, 'unwrap'>,
  ...rest: [key: unknown, log: unknown, remoteKey: unknown, options?: AbortOptions]
) => Promise<unknown>

/** Throws when the library is another than this was made for. */
function withFrames(inner: ConnectionEncrypter): ConnectionEncrypter {
  if (!isHandshaking(inner)) throw new Error('this is no encrypter of the Noise library')
  inner.performHandshakeInitiator = framed(inner.performHandshakeInitiator.bind(inner))
  inner.performHandshakeResponder = framed(inner.performHandshakeResponder.bind(inner))
  return inner
}

function framed(perform: Perform): Perform {
  return async (library, ...rest) => {
    const frames = new HandshakeFrames(library.unwrap(), rest[3])
    try {
      return await perform(frames, ...rest)
    } finally {
      frames.unwrap()
    }
  }
}

function isHandshaking(inner: ConnectionEncrypter): inner is Handshaking {
  return 'performHandshakeInitiator' in inner && 'performHandshakeResponder' in inner
}

function swiftly<Extensions>(secure: Secure<Extensions>): Secure<Extensions> {
  return async (connection, options) => {
    writeWhole(connection)
    const secured = await secure(connection, options)
    gatherSeals(secured.connection)
    return secured
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
