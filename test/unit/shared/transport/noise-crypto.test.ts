// The ciphers of Noise, byte for byte beside those that the library has in JavaScript alone.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import { pureJsCrypto } from '@chainsafe/libp2p-noise'
import { Uint8ArrayList } from 'uint8arraylist'
import { noiseCrypto } from '../../../../shared/transport/noise-crypto.ts'

const plain = (data: { subarray(): Uint8Array }): Buffer => Buffer.from(data.subarray())
type Input = Parameters<typeof noiseCrypto.chaCha20Poly1305Encrypt>[0]

/** As a connection hands it over: a header and what follows. */
function list(data: Uint8Array): Input {
  const made: unknown = new Uint8ArrayList(data.subarray(0, 12), data.subarray(12))
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Noise brings a version of this class of its own
  return made as Input
}

const key = randomBytes(32)
const nonce = randomBytes(12)
const associated = randomBytes(32)

describe("the ciphers of Noise, beside the library's own", () => {
  for (const size of [0, 1, 64, 16 * 1024, 65_519]) {
    it(`seals and opens ${size} bytes alike, in one piece and in two`, () => {
      const message = randomBytes(size)
      const expected = plain(pureJsCrypto.chaCha20Poly1305Encrypt(message, nonce, associated, key))
      for (const input of [message, list(message)]) {
        const sealed = noiseCrypto.chaCha20Poly1305Encrypt(input, nonce, associated, key)
        assert.deepEqual(plain(sealed), expected)
      }
      for (const input of [expected, list(expected)]) {
        const opened = noiseCrypto.chaCha20Poly1305Decrypt(input, nonce, associated, key)
        assert.deepEqual(plain(opened), message)
      }
    })
  }

  it('throws for bytes that somebody has changed', () => {
    const sealed = plain(
      noiseCrypto.chaCha20Poly1305Encrypt(randomBytes(64), nonce, associated, key)
    )
    for (const at of [0, sealed.byteLength - 1]) {
      const changed = Buffer.from(sealed)
      changed.writeUInt8(changed.readUInt8(at) ^ 1, at)
      assert.throws(() => noiseCrypto.chaCha20Poly1305Decrypt(changed, nonce, associated, key))
    }
  })

  it('agrees on keys, derives and hashes alike', () => {
    const [one, two] = [noiseCrypto.generateX25519KeyPair(), pureJsCrypto.generateX25519KeyPair()]
    const shared = plain(noiseCrypto.generateX25519SharedKey(one.privateKey, two.publicKey))
    assert.deepEqual(
      shared,
      plain(pureJsCrypto.generateX25519SharedKey(two.privateKey, one.publicKey))
    )
    const seed = randomBytes(32)
    assert.deepEqual(
      plain(noiseCrypto.generateX25519KeyPairFromSeed(seed).publicKey),
      plain(pureJsCrypto.generateX25519KeyPairFromSeed(seed).publicKey)
    )
    for (const material of [shared, new Uint8Array()]) {
      assert.deepEqual(
        noiseCrypto.getHKDF(key, material).map(plain),
        pureJsCrypto.getHKDF(key, material).map(plain)
      )
    }
    const text = randomBytes(100)
    assert.deepEqual(
      plain(noiseCrypto.hashSHA256(list(text))),
      plain(pureJsCrypto.hashSHA256(text))
    )
  })
})
