// Raw public keys of Curve25519, made known to OpenSSL.
import { createPublicKey, type KeyObject } from 'node:crypto'

const KEY_BYTES = 32

/** DER before the 32 bytes of a key: RFC 8410. */
const PREFIXES = {
  x25519: Buffer.from('302a300506032b656e032100', 'hex'),
  ed25519: Buffer.from('302a300506032b6570032100', 'hex')
}

/**
 * As text, because Node throws and catches four errors inside while it finds out that an object with the bytes is no
 * key yet: 33 to 42 µs by how deep the stack is, and 13 like this. Throws for another length than 32.
 */
export function importPublicKey(type: keyof typeof PREFIXES, raw: Uint8Array): KeyObject {
  // OpenSSL passes over what follows them.
  if (raw.byteLength !== KEY_BYTES) throw new Error(`a public key of ${raw.byteLength} bytes`)
  const der = Buffer.concat([PREFIXES[type], raw])
  return createPublicKey(
    `-----BEGIN PUBLIC KEY-----\n${der.toString('base64')}\n-----END PUBLIC KEY-----\n`
  )
}
