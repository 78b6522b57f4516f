// A private key that is imported once, and not for every signature; handshakes sign the same bytes every time.
import { createPrivateKey, type KeyObject, sign } from 'node:crypto'
import type { PrivateKey } from '@libp2p/interface'

/** DER before the 32 bytes of an Ed25519 key: RFC 8410. */
const PRIVATE_DER = Buffer.from('302e020100300506032b657004220420', 'hex')
const SEED_BYTES = 32

/** Signs as `privateKey` does. Keys that are not Ed25519 are returned as they are. */
export function keptKey(privateKey: PrivateKey): PrivateKey {
  if (privateKey.type !== 'Ed25519') return privateKey
  const seed = privateKey.raw.subarray(0, SEED_BYTES)
  const der = Buffer.concat([PRIVATE_DER, seed])
  const key: KeyObject = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  // Its memory is handed out again by Node's pool.
  der.fill(0)
  let last: { message: Buffer; signature: Uint8Array } | undefined
  return {
    type: privateKey.type,
    raw: privateKey.raw,
    publicKey: privateKey.publicKey,
    equals: (other) => privateKey.equals(other),
    sign(message, options) {
      options?.signal?.throwIfAborted()
      const bytes = Buffer.from(message.subarray())
      // Ed25519 is deterministic.
      if (last === undefined || !last.message.equals(bytes)) {
        last = { message: bytes, signature: sign(null, bytes, key) }
      }
      return Uint8Array.from(last.signature)
    }
  }
}
