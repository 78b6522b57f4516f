// Signatures of Ed25519 checked without the detour of each key through a web key: the library makes one for each check,
// and Node throws and catches four errors while it reads it. Every handshake and every record has a signature.
import { verify } from 'node:crypto'
import { publicKeyFromRaw } from '@libp2p/crypto/keys'
import type { AbortOptions, PublicKey } from '@libp2p/interface'
import type { Uint8ArrayList } from 'uint8arraylist'
import { importPublicKey } from './public-key.ts'

const SIGNATURE_BYTES = 64

/** For all keys of the process: the libraries read them from what a remote sends, and check with them, in one step. */
export function verifySwiftly(): void {
  const keys: object = Object.getPrototypeOf(publicKeyFromRaw(new Uint8Array(32)))
  Object.assign(keys, { verify: verifyEd25519 })
}

function verifyEd25519(
  this: PublicKey,
  data: Uint8Array | Uint8ArrayList,
  signature: Uint8Array,
  options?: AbortOptions
): boolean {
  options?.signal?.throwIfAborted()
  if (signature.byteLength !== SIGNATURE_BYTES) {
    throw new TypeError(`"sig" must be ${SIGNATURE_BYTES} bytes in length.`)
  }
  return verify(null, data.subarray(), importPublicKey('ed25519', this.raw), signature)
}
