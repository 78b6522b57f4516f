// /parley/access/1.0.0: a peer proves to a relay that it knows a secret of that relay's, without saying it.
// (pure: bytes in, values out)
//
//   the peer opens a stream
//   relay → peer   CHALLENGE { nonce }
//   peer → relay   PROOF     { nonce, macs }     for each secret that the peer knows HMAC-SHA-256 over the transcript
//   relay → peer   VERDICT   { status }
//
// Both nonces are fresh, and both peer ids are those that the connection's handshake has authenticated: a proof is of no
// use at another relay, to another peer or a second time. Whoever does not know a secret gets nothing but a MAC to
// compare guesses with, so a secret has to be one that nobody guesses. The relay proves nothing in return: one that says
// yes to everybody could as well not speak the protocol. Each message stands behind its length as a uvarint.
import type { Uint8ArrayList } from 'uint8arraylist'
import { FieldError, readFields } from './field-reader.ts'
import { FieldWriter } from './field-writer.ts'
import { decodeLength } from './length-prefix.ts'

/** Spoken by a relay while it wants a secret: that it is, is how a peer finds out what to say to its user. */
export const ACCESS_PROTOCOL = '/parley/access/1.0.0'

/** Without the length prefix. A PROOF with all its MACs takes 578. */
export const MAX_ACCESS_MESSAGE_BYTES = 1024

/** At a relay, while one is being replaced; at a peer, for relays that have different ones. */
export const MAX_SECRETS = 16

export const NONCE_BYTES = 32
export const MAC_BYTES = 32

/** Others may arrive, and mean no. */
export const AccessStatus = {
  OK: 100,
  WRONG_SECRET: 200,
  TOO_MANY_TRIES: 201
} as const

/** Bytes that are not the message that is due. */
export class AccessMessageError extends Error {
  override name = 'AccessMessageError'
}

export interface AccessProof {
  nonce: Uint8Array
  /** One for each secret, in any order. */
  macs: Uint8Array[]
}

/** What a MAC is about. Peer ids are their multihashes. */
export interface AccessTranscript {
  relay: Uint8Array
  peer: Uint8Array
  relayNonce: Uint8Array
  peerNonce: Uint8Array
}

/** The length before a message, for lpStream. Throws AccessMessageError for one over the limit. */
export const decodeAccessLength = (prefix: Uint8ArrayList): number =>
  decodeLength(prefix, MAX_ACCESS_MESSAGE_BYTES, (message) => new AccessMessageError(message))

export const encodeChallenge = (nonce: Uint8Array): Uint8Array =>
  new FieldWriter().bytes(1, nonce).finish()

/** Throws AccessMessageError. */
export function decodeChallenge(bytes: Uint8Array): Uint8Array {
  let nonce = new Uint8Array()
  read(bytes, { 1: (field) => (nonce = field.bytesCopy('nonce')) })
  return ofLength(nonce, NONCE_BYTES, 'nonce')
}

export const encodeProof = ({ nonce, macs }: AccessProof): Uint8Array =>
  new FieldWriter().bytes(1, nonce).eachBytes(2, macs).finish()

/** Throws AccessMessageError. */
export function decodeProof(bytes: Uint8Array): AccessProof {
  const proof: AccessProof = { nonce: new Uint8Array(), macs: [] }
  read(bytes, {
    1: (field) => (proof.nonce = field.bytesCopy('nonce')),
    2: (field) => proof.macs.push(field.bytesCopy('macs'))
  })
  ofLength(proof.nonce, NONCE_BYTES, 'nonce')
  for (const mac of proof.macs) ofLength(mac, MAC_BYTES, 'MAC')
  if (proof.macs.length > MAX_SECRETS) {
    throw new AccessMessageError(`${proof.macs.length} MACs in one message`)
  }
  return proof
}

export const encodeVerdict = (status: number): Uint8Array =>
  new FieldWriter().uint(1, status).finish()

/** One of AccessStatus, or a number that the relay made up. Throws AccessMessageError. */
export function decodeVerdict(bytes: Uint8Array): number {
  let status: number | undefined
  read(bytes, { 1: (field) => (status = field.clampedUint('status')) })
  if (status === undefined) throw new AccessMessageError('a verdict without a status')
  return status
}

/** What is put under a MAC: nothing else that anybody signs or authenticates begins like that. */
export const encodeTranscript = (transcript: AccessTranscript): Uint8Array =>
  new FieldWriter()
    .text(1, `${ACCESS_PROTOCOL} proof`)
    .bytes(2, transcript.relay)
    .bytes(3, transcript.peer)
    .bytes(4, transcript.relayNonce)
    .bytes(5, transcript.peerNonce)
    .finish()

function ofLength<Bytes extends Uint8Array>(bytes: Bytes, length: number, what: string): Bytes {
  if (bytes.byteLength === length) return bytes
  throw new AccessMessageError(`a ${what} of ${bytes.byteLength} bytes`)
}

function read(bytes: Uint8Array, readers: Parameters<typeof readFields>[2]): void {
  if (bytes.byteLength > MAX_ACCESS_MESSAGE_BYTES) {
    throw new AccessMessageError(`a message of ${bytes.byteLength} bytes`)
  }
  try {
    readFields(bytes, 'message', readers)
  } catch (cause) {
    if (!(cause instanceof FieldError)) throw cause
    throw new AccessMessageError(`a message is malformed: ${cause.message}`, { cause })
  }
}
