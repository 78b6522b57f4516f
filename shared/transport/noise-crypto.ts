// The ciphers of Noise by Node's own crypto, with keys that are imported once. Those of @chainsafe/libp2p-noise hand the
// raw key to every frame (measured for ChaCha20-Poly1305: 64 bytes 16.6 µs and 5.3 with a kept key, 64 KiB 68 and 36),
// import X25519 keys for every exchange, and derive keys in JavaScript.
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  diffieHellman,
  hkdfSync,
  type KeyObject,
  randomBytes
} from 'node:crypto'
import type { ICryptoInterface } from '@chainsafe/libp2p-noise'

/** Noise brings a version of Uint8ArrayList of its own. */
type Bytes = Parameters<ICryptoInterface['chaCha20Poly1305Encrypt']>[0]

const CIPHER = 'chacha20-poly1305'
const TAG_BYTES = 16
const KEY_BYTES = 32
/** DER before the 32 bytes of an X25519 key: RFC 8410. */
const PRIVATE_DER = Buffer.from('302e020100300506032b656e04220420', 'hex')
const PUBLIC_DER = Buffer.from('302a300506032b656e032100', 'hex')
/** A copy of less than this costs less than a second call of the cipher. */
const JOINED_BYTES = 16 * 1024

/** By the very array that holds the key: Noise passes it on for as long as the connection lasts. */
const secrets = new WeakMap<Uint8Array, KeyObject>()
const exchangeKeys = new WeakMap<object, KeyObject>()

function secretKey(key: Uint8Array): KeyObject {
  const known = secrets.get(key)
  if (known !== undefined) return known
  const made = createSecretKey(key)
  secrets.set(key, made)
  return made
}

function exchangeKey(key: Bytes): KeyObject {
  const known = exchangeKeys.get(key)
  if (known !== undefined) return known
  const der = Buffer.concat([PRIVATE_DER, key.subarray()])
  const made = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  exchangeKeys.set(key, made)
  return made
}

function keyPair(privateKey: Uint8Array): { publicKey: Uint8Array; privateKey: Uint8Array } {
  const publicKey = createPublicKey(exchangeKey(privateKey)).export({ type: 'spki', format: 'der' })
  return { publicKey: publicKey.subarray(PUBLIC_DER.byteLength), privateKey }
}

/** Pieces are passed on as they are when they are large. */
function pieces(data: Bytes): Iterable<Uint8Array> {
  if (data instanceof Uint8Array) return [data]
  return data.byteLength <= JOINED_BYTES ? [data.subarray()] : data
}

/** For `noise({ crypto })`. */
export const noiseCrypto: ICryptoInterface = {
  hashSHA256(data) {
    const hash = createHash('sha256')
    for (const piece of pieces(data)) hash.update(piece)
    return hash.digest()
  },
  getHKDF(chainingKey, keyMaterial) {
    const derived = hkdfSync('sha256', keyMaterial, chainingKey, '', 3 * KEY_BYTES)
    return [
      new Uint8Array(derived, 0, KEY_BYTES),
      new Uint8Array(derived, KEY_BYTES, KEY_BYTES),
      new Uint8Array(derived, 2 * KEY_BYTES, KEY_BYTES)
    ]
  },
  generateX25519KeyPair: () => keyPair(randomBytes(KEY_BYTES)),
  generateX25519KeyPairFromSeed: (seed) => keyPair(seed),
  generateX25519SharedKey(privateKey, publicKey) {
    const der = Buffer.concat([PUBLIC_DER, publicKey.subarray()])
    return diffieHellman({
      privateKey: exchangeKey(privateKey),
      publicKey: createPublicKey({ key: der, format: 'der', type: 'spki' })
    })
  },
  chaCha20Poly1305Encrypt(plaintext, nonce, associated, key) {
    const cipher = createCipheriv(CIPHER, secretKey(key), nonce, { authTagLength: TAG_BYTES })
    cipher.setAAD(associated, { plaintextLength: plaintext.byteLength })
    const sealed = passed(plaintext, (piece) => cipher.update(piece))
    cipher.final()
    sealed.push(cipher.getAuthTag())
    return joined(sealed, plaintext)
  },
  /** Throws when the bytes are not what the other side sealed. */
  chaCha20Poly1305Decrypt(ciphertext, nonce, associated, key) {
    const length = ciphertext.byteLength - TAG_BYTES
    const decipher = createDecipheriv(CIPHER, secretKey(key), nonce, { authTagLength: TAG_BYTES })
    decipher.setAAD(associated, { plaintextLength: length })
    decipher.setAuthTag(ciphertext.subarray(length))
    const sealed =
      ciphertext instanceof Uint8Array
        ? ciphertext.subarray(0, length)
        : ciphertext.sublist(0, length)
    const opened = passed(sealed, (piece) => decipher.update(piece))
    decipher.final()
    return joined(opened, ciphertext)
  }
}

function passed(data: Bytes, cipher: (piece: Uint8Array) => Uint8Array): Uint8Array[] {
  return Array.from(pieces(data), cipher)
}

/** As a list where one came in, which saves a copy. */
function joined(output: Uint8Array[], input: Bytes): Bytes {
  const [first] = output
  if (output.length === 1 && first !== undefined) return first
  if (input instanceof Uint8Array) return Buffer.concat(output)
  const list = input.sublist(0, 0)
  for (const piece of output) list.append(piece)
  return list
}
