// Proofs of a secret: the right bytes, and worth nothing elsewhere.
import assert from 'node:assert/strict'
import { createSecretKey } from 'node:crypto'
import { describe, it } from 'node:test'
import { proofOf, provenSecret } from '../../../shared/access-proof.ts'

const secretOf = (text: string) => createSecretKey(Buffer.from(text))
const bytes = (length: number, value: number): Uint8Array => new Uint8Array(length).fill(value)

const OLD = secretOf('correct horse battery')
const NEW = secretOf('a secret that is newer')
const TRANSCRIPT = {
  relay: bytes(38, 1),
  peer: bytes(38, 2),
  relayNonce: bytes(32, 3),
  peerNonce: bytes(32, 4)
}

describe('a proof', () => {
  it('is HMAC-SHA-256 under the bytes of the secret', () => {
    // openssl dgst -sha256 -hmac 'correct horse battery', over the bytes of the transcript
    const byOpenssl = 'cc04c40af6d49260361ba2a6bb625c652e789cab4c7e1b0e56f8cc212f4f77d8'
    assert.equal(Buffer.from(proofOf(OLD, TRANSCRIPT)).toString('hex'), byOpenssl)
  })

  it('is found among others, under whichever secret is in force', () => {
    const macs = [bytes(32, 9), proofOf(NEW, TRANSCRIPT)]
    assert.equal(provenSecret([OLD, NEW], macs, TRANSCRIPT), NEW)
    assert.equal(provenSecret([OLD], macs, TRANSCRIPT), undefined)
    assert.equal(provenSecret([], macs, TRANSCRIPT), undefined)
    assert.equal(provenSecret([OLD], [], TRANSCRIPT), undefined)
  })

  it('is worth nothing for another relay, peer or nonce', () => {
    const macs = [proofOf(OLD, TRANSCRIPT)]
    for (const name of ['relay', 'peer', 'relayNonce', 'peerNonce'] as const) {
      const other = { ...TRANSCRIPT, [name]: bytes(TRANSCRIPT[name].byteLength, 9) }
      assert.equal(provenSecret([OLD], macs, other), undefined, name)
    }
  })
})
