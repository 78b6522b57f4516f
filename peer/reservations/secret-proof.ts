// Proves to a relay that this peer knows a secret of the relay's, where the relay wants that.
// ../../shared/wire/access.ts says how.
import { randomBytes } from 'node:crypto'
import { UnsupportedProtocolError, type Connection, type PeerId } from '@libp2p/interface'
import { lpStream } from '@libp2p/utils'
import { proofOf } from '../../shared/access-proof.ts'
import { asError } from '../../shared/as-error.ts'
import { deadline } from '../../shared/deadline.ts'
import type { Secret } from '../../shared/secrets.ts'
import { openAtOnce } from '../../shared/transport/optimistic-streams.ts'
import {
  ACCESS_PROTOCOL,
  AccessStatus,
  decodeAccessLength,
  decodeChallenge,
  decodeVerdict,
  encodeProof,
  NONCE_BYTES
} from '../../shared/wire/access.ts'
import { closeServed } from './close-served.ts'

/** Challenge, proof and verdict are two round trips, on a bad line. */
const ANSWER_TIMEOUT_MS = 10_000

/** What the relay makes of it. `unwanted`: it asks for no secret; `unclear`: it has not said. */
export type SecretVerdict = 'proven' | 'wrong' | 'too-many-tries' | 'unwanted' | 'unclear'

export interface ProofOptions {
  self: PeerId
  /** Each relay finds its own among them. */
  secrets: readonly Secret[]
  signal: AbortSignal
}

/** What is used of a connection. */
export type ProofConnection = Pick<Connection, 'newStream' | 'remotePeer'>

/**
 * Resolves when the proof is on its way, or is not to be: what is asked on the connection from then on arrives behind it,
 * and need not wait for the verdict. Without secrets nothing is sent. Rejects with the signal's reason only.
 */
export async function proveSecret(
  connection: ProofConnection,
  options: ProofOptions
): Promise<{ verdict: Promise<SecretVerdict> }> {
  const sent = Promise.withResolvers<void>()
  const verdict = exchange(connection, options, sent.resolve).catch((error: unknown) =>
    error instanceof UnsupportedProtocolError ? 'unwanted' : 'unclear'
  )
  await Promise.race([sent.promise, verdict])
  options.signal.throwIfAborted()
  return { verdict }
}

async function exchange(
  connection: ProofConnection,
  { self, secrets, signal }: ProofOptions,
  onSent: () => void
): Promise<SecretVerdict> {
  if (secrets.length === 0) return 'unwanted'
  using limit = deadline(signal, ANSWER_TIMEOUT_MS, 'no answer to the proof of a secret in time')
  const stream = await openAtOnce(connection, ACCESS_PROTOCOL, limit)
  try {
    const frames = lpStream(stream, { lengthDecoder: decodeAccessLength })
    const relayNonce = decodeChallenge((await frames.read(limit)).subarray())
    const nonce = randomBytes(NONCE_BYTES)
    const transcript = {
      relay: connection.remotePeer.toMultihash().bytes,
      peer: self.toMultihash().bytes,
      relayNonce,
      peerNonce: nonce
    }
    const macs = secrets.map((secret) => proofOf(secret, transcript))
    await frames.write(encodeProof({ nonce, macs }), limit)
    onSent()
    const status = decodeVerdict((await frames.read(limit)).subarray())
    closeServed(stream)
    return verdictOf(status)
  } catch (error) {
    stream.abort(asError(error))
    throw error
  }
}

function verdictOf(status: number): SecretVerdict {
  if (status === AccessStatus.OK) return 'proven'
  if (status === AccessStatus.WRONG_SECRET) return 'wrong'
  return status === AccessStatus.TOO_MANY_TRIES ? 'too-many-tries' : 'unclear'
}
