// Proofs that a peer knows a secret: made by peers, looked at by relays.
import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Secret } from './secrets.ts'
import { encodeTranscript, type AccessTranscript } from './wire/access.ts'

export function proofOf(secret: Secret, transcript: AccessTranscript): Uint8Array {
  return createHmac('sha256', secret).update(encodeTranscript(transcript)).digest()
}

/** The secret that one of the MACs proves. How long it takes says nothing of a secret, nor of how near a guess was. */
export function provenSecret(
  secrets: readonly Secret[],
  macs: readonly Uint8Array[],
  transcript: AccessTranscript
): Secret | undefined {
  return secrets.find((secret) => {
    const expected = proofOf(secret, transcript)
    return macs.some((mac) => timingSafeEqual(mac, expected))
  })
}
