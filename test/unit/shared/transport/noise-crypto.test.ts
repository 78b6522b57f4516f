// The ciphers of Noise, byte for byte beside those that the library has in JavaScript alone.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import { pureJsCrypto } from '@chainsafe/libp2p-noise'
import { isUint8ArrayList, Uint8ArrayList } from 'uint8arraylist'
import { noiseCrypto } from '../../../../shared/transport/noise-crypto.ts'

const plain = (data: { subarray(): Uint8Array }): Buffer => Buffer.from(data.subarray())
type Input = Parameters<typeof noiseCrypto.chaCha20Poly1305Encrypt>[0]

/** As a connection hands it over: a header and what follows. */
function list(data: Uint8Array): Input {
  const made: object = new Uint8ArrayList(data.subarray(0, 12), data.subarray(12))
  assert.ok(isInput(made))
  return made
}

/** Noise brings a version of the class of its own. */
function isInput(made: object): made is Input {
  return isUint8ArrayList(made)
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

  it('throws for bytes that somebody has changed, whichever, or cut', () => {
    for (const message of [randomBytes(64), randomBytes(20_000)]) {
      const sealed = plain(noiseCrypto.chaCha20Poly1305Encrypt(message, nonce, associated, key))
      const open = (bytes: Input): unknown =>
        noiseCrypto.chaCha20Poly1305Decrypt(bytes, nonce, associated, key)
      const length = sealed.byteLength
      for (const at of [0, 31, length - 17, length - 16, length - 1]) {
        const changed = Buffer.from(sealed)
        changed.writeUInt8(changed.readUInt8(at) ^ 1, at)
        assert.throws(() => open(changed))
        assert.throws(() => open(list(changed)))
      }
      for (const bytes of [0, 1, 15, 16, length - 1]) {
        assert.throws(() => open(sealed.subarray(0, bytes)))
        assert.throws(() => open(list(sealed.subarray(0, bytes))))
      }
      open(sealed)
    }
  })

  it('throws for another key, number or associated text', () => {
    const sealed = noiseCrypto.chaCha20Poly1305Encrypt(randomBytes(8), nonce, associated, key)
    const open = noiseCrypto.chaCha20Poly1305Decrypt.bind(noiseCrypto)
    assert.throws(() => open(sealed, nonce, associated, randomBytes(32)))
    assert.throws(() => open(sealed, randomBytes(12), associated, key))
    assert.throws(() => open(sealed, nonce, randomBytes(32), key))
  })

  it('leaves what it is given as it is', () => {
    const message = randomBytes(20_000)
    const before = Buffer.from(message)
    const sealed = plain(noiseCrypto.chaCha20Poly1305Encrypt(list(message), nonce, associated, key))
    assert.ok(message.equals(before))
    const sealedBefore = Buffer.from(sealed)
    noiseCrypto.chaCha20Poly1305Decrypt(list(sealed), nonce, associated, key, sealed)
    assert.ok(sealed.equals(sealedBefore))
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

const ALICE = '77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a'
const ALICE_PUBLIC = '8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a'
const BOB = '5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb'
const BOB_PUBLIC = 'de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f'
const SHARED = '4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742'

/** Points of small order, and the same beyond the field's prime. */
const LOW_ORDER = [
  '00'.repeat(32),
  `01${'00'.repeat(31)}`,
  'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
  '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
  `ec${'ff'.repeat(30)}7f`,
  `ed${'ff'.repeat(30)}7f`,
  `ee${'ff'.repeat(30)}7f`
]

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(/\s/g, ''), 'hex')

describe('the ciphers of Noise, beside the examples of their specifications', () => {
  it('seals as RFC 8439 section 2.8.2 does', () => {
    const text =
      "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it."
    const sealed = noiseCrypto.chaCha20Poly1305Encrypt(
      Buffer.from(text),
      hex('070000004041424344454647'),
      hex('50515253c0c1c2c3c4c5c6c7'),
      hex('808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f')
    )
    const expected = `
      d31a8d34648e60db7b86afbc53ef7ec2 a4aded51296e08fea9e2b5a736ee62d6
      3dbea45e8ca9671282fafb69da92728b 1a71de0a9e060b2905d6a5b67ecd3b36
      92ddbd7f2d778b8c9803aee328091b58 fab324e4fad675945585808b4831d7bc
      3ff4def08e4b7a9de576d26586cec64b 6116 1ae10b594f09e26a7e902ecbd0600691`
    assert.deepEqual(plain(sealed), hex(expected))
  })

  it('exchanges keys as RFC 7748 section 6.1 does', () => {
    const alice = noiseCrypto.generateX25519KeyPairFromSeed(hex(ALICE))
    const bob = noiseCrypto.generateX25519KeyPairFromSeed(hex(BOB))
    assert.deepEqual(plain(alice.publicKey), hex(ALICE_PUBLIC))
    assert.deepEqual(plain(bob.publicKey), hex(BOB_PUBLIC))
    const [one, two] = [
      noiseCrypto.generateX25519SharedKey(alice.privateKey, bob.publicKey),
      noiseCrypto.generateX25519SharedKey(bob.privateKey, alice.publicKey)
    ]
    assert.deepEqual(plain(one), hex(SHARED))
    assert.deepEqual(plain(two), hex(SHARED))
  })

  it('derives keys as HKDF with SHA-256 does: RFC 5869 appendix A.3, without a salt', () => {
    const keys = noiseCrypto.getHKDF(new Uint8Array(), Buffer.alloc(22, 0x0b))
    const expected = '8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d'
    assert.deepEqual(plain(keys[0]), hex(expected))
  })

  it('refuses public keys that make every secret zero', () => {
    const { privateKey } = noiseCrypto.generateX25519KeyPair()
    for (const low of LOW_ORDER) {
      assert.throws(() => noiseCrypto.generateX25519SharedKey(privateKey, hex(low)))
    }
  })

  it('makes other keys each time', () => {
    const made = Array.from({ length: 20 }, () =>
      plain(noiseCrypto.generateX25519KeyPair().publicKey).toString('hex')
    )
    assert.equal(new Set(made).size, 20)
  })
})
