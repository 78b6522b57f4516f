// Signatures as the library checks them, and faster.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { generateKeyPair, publicKeyFromRaw } from '@libp2p/crypto/keys'
import { verifySwiftly } from '../../../../shared/transport/swift-verify.ts'

const key = await generateKeyPair('Ed25519')
const message = Buffer.from('a message')
const signature = await key.sign(message)
const LIBRARYS = Reflect.get(Object.getPrototypeOf(key.publicKey), 'verify')

describe('the check of a signature', () => {
  it('takes the place of the one of the library, for keys that come in too', async () => {
    verifySwiftly()
    const come = publicKeyFromRaw(key.publicKey.raw)
    assert.notEqual(Reflect.get(come, 'verify'), LIBRARYS)
    assert.equal(await come.verify(message, signature), true)
    assert.equal(await key.publicKey.verify(message, signature), true)
  })

  it('sees another message, another signature and another signer', async () => {
    verifySwiftly()
    const other = await generateKeyPair('Ed25519')
    const forged = Uint8Array.from(signature)
    forged[3] = (forged[3] ?? 0) ^ 1
    assert.equal(await key.publicKey.verify(Buffer.from('another'), signature), false)
    assert.equal(await key.publicKey.verify(message, forged), false)
    assert.equal(await other.publicKey.verify(message, signature), false)
    assert.throws(() => key.publicKey.verify(message, signature.subarray(1)), TypeError)
    assert.throws(() => key.publicKey.verify(message, signature, { signal: AbortSignal.abort() }))
  })

  it('judges keys of small order as the library does', async () => {
    verifySwiftly()
    // Points of small order: with the first, and a signature of zeros, some implementations accept any message.
    for (const point of ['01'.padEnd(64, '0'), '00'.repeat(32)]) {
      const weak = publicKeyFromRaw(Buffer.from(point, 'hex'))
      const expected = await Reflect.apply(LIBRARYS, weak, [message, new Uint8Array(64)])
      assert.equal(await weak.verify(message, new Uint8Array(64)), expected)
    }
  })
})
