// The ciphers of Noise by Node's own crypto, with keys that are imported once. Those of @chainsafe/libp2p-noise hand the
// raw key to every frame (measured for ChaCha20-Poly1305: 64 bytes 16.6 µs and 5.3 with a kept key, 64 KiB 68 and 36),
// import X25519 keys for every exchange, and derive keys in JavaScript.
import {
  createCipheriv,
  createDecipheriv,
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  diffieHellman,
  generateKeyPairSync,
  hash,
  hkdfSync,
  type KeyObject
} from 'node:crypto'
import type { ICryptoInterface } from '@chainsafe/libp2p-noise'
import { importPublicKey } from './public-key.ts'

/** Noise brings a version of Uint8ArrayList of its own. */
type Bytes = Parameters<ICryptoInterface['chaCha20Poly1305Encrypt']>[0]

const CIPHER = 'chacha20-poly1305'
const TAG_BYTES = 16
const KEY_BYTES = 32
/** DER before the 32 bytes of an X25519 key: RFC 8410. */
const PRIVATE_DER = Buffer.from('302e020100300506032b656e04220420', 'hex')
/** A copy of less than this costs less than a second call of the cipher. */
const JOINED_BYTES = 16 * 1024

/** By the very array or list that holds the key: Noise passes on the same one for as long as it uses the key. */
const secrets = new WeakMap<object, KeyObject>()
const privateKeys = new WeakMap<object, KeyObject>()
const publicKeys = new WeakMap<object, KeyObject>()

function kept(keys: WeakMap<object, KeyObject>, key: Bytes, make: () => KeyObject): KeyObject {
  const known = keys.get(key)
  if (known !== undefined) return known
  const made = make()
  keys.set(key, made)
  return made
}

const secretOf = (key: Uint8Array): KeyObject => kept(secrets, key, () => createSecretKey(key))

const privateOf = (key: Bytes): KeyObject =>
  kept(privateKeys, key, () => {
    const der = Buffer.concat([PRIVATE_DER, key.subarray()])
    const made = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
    // Its memory is handed out again by Node's pool.
    der.fill(0)
    return made
  })

/** The other side's ephemeral key takes part in two exchanges. */
const publicOf = (key: Bytes): KeyObject =>
  kept(publicKeys, key, () => importPublicKey('x25519', key.subarray()))

/** A web key has it as it is; for DER OpenSSL takes half as long as for making the pair. */
const exported = (publicKey: KeyObject): Uint8Array =>
  Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url')

/** Pieces are passed on as they are when they are large. */
function pieces(data: Bytes): Iterable<Uint8Array> {
  if (data instanceof Uint8Array) return [data]
  return data.byteLength <= JOINED_BYTES ? [data.subarray()] : data
}

/** For `noise({ crypto })`. */
export const noiseCrypto: ICryptoInterface = {
  hashSHA256(data) {
    return hash('sha256', data.subarray(), 'buffer')
  },
  getHKDF(chainingKey, keyMaterial) {
    // Raw bytes are tried as a key first, by an error that is thrown and caught.
    const secret = createSecretKey(keyMaterial)
    const derived = hkdfSync('sha256', secret, chainingKey, '', 3 * KEY_BYTES)
    return [
      new Uint8Array(derived, 0, KEY_BYTES),
      new Uint8Array(derived, KEY_BYTES, KEY_BYTES),
      new Uint8Array(derived, 2 * KEY_BYTES, KEY_BYTES)
    ]
  },
  /** The private key stays with OpenSSL: the array that stands for it is empty. */
  generateX25519KeyPair() {
    const pair = generateKeyPairSync('x25519')
    const privateKey = new Uint8Array()
    privateKeys.set(privateKey, pair.privateKey)
    return { publicKey: exported(pair.publicKey), privateKey }
  },
  generateX25519KeyPairFromSeed(seed) {
    return { publicKey: exported(createPublicKey(privateOf(seed))), privateKey: seed }
  },
  /** Throws when the other side has chosen a key with which every secret would be zero. */
  generateX25519SharedKey(privateKey, publicKey) {
    return diffieHellman({
      privateKey: privateOf(privateKey),
      publicKey: publicOf(publicKey)
    })
  },
  chaCha20Poly1305Encrypt(plaintext, nonce, associated, key) {
    const cipher = createCipheriv(CIPHER, secretOf(key), nonce, { authTagLength: TAG_BYTES })
    cipher.setAAD(associated, { plaintextLength: plaintext.byteLength })
    const sealed = passed(plaintext, (piece) => cipher.update(piece))
    cipher.final()
    sealed.push(cipher.getAuthTag())
    return joined(sealed, plaintext)
  },
  /** Throws when the bytes are not what the other side sealed; nothing of them is handed out before that is known. */
  chaCha20Poly1305Decrypt(ciphertext, nonce, associated, key) {
    const length = ciphertext.byteLength - TAG_BYTES
    if (length < 0) throw new Error('a sealed message is shorter than its tag')
    const decipher = createDecipheriv(CIPHER, secretOf(key), nonce, { authTagLength: TAG_BYTES })
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
