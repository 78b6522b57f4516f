// A key that is imported once signs as the key does.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { keptKey } from '../../../../shared/transport/kept-key.ts'

describe('a private key that is imported once', () => {
  it('signs as the key itself does, also something else and the same again', async () => {
    const key = await generateKeyPair('Ed25519')
    const kept = keptKey(key)
    for (const text of ['one', 'two', 'two', 'one']) {
      const message = new TextEncoder().encode(text)
      assert.deepEqual(Buffer.from(await kept.sign(message)), Buffer.from(await key.sign(message)))
      assert.equal(await key.publicKey.verify(message, await kept.sign(message)), true)
    }
  })

  it('hands out signatures that nobody else holds', async () => {
    const kept = keptKey(await generateKeyPair('Ed25519'))
    const message = new TextEncoder().encode('one')
    const first = await kept.sign(message)
    const before = Uint8Array.from(first)
    first.fill(0)
    assert.deepEqual(Buffer.from(await kept.sign(message)), Buffer.from(before))
  })

  it('leaves keys of another kind as they are', async () => {
    const key = await generateKeyPair('secp256k1')
    assert.equal(keptKey(key), key)
  })
})
