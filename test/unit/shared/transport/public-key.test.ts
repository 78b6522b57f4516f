// Raw public keys as OpenSSL has them.
import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { describe, it } from 'node:test'
import { importPublicKey } from '../../../../shared/transport/public-key.ts'

describe('a raw public key', () => {
  for (const type of ['x25519', 'ed25519'] as const) {
    it(`is the one that it came from: ${type}`, () => {
      const { publicKey } =
        type === 'x25519' ? generateKeyPairSync('x25519') : generateKeyPairSync('ed25519')
      const raw = Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url')
      const imported = importPublicKey(type, raw)
      assert.equal(imported.asymmetricKeyType, type)
      assert.ok(imported.equals(publicKey))
    })

    it(`has 32 bytes: ${type}`, () => {
      for (const bytes of [0, 31, 33]) {
        assert.throws(() => importPublicKey(type, new Uint8Array(bytes)))
      }
    })
  }
})
