// Dial-back: a relay dials the address at which it sees a peer, once, from a port that the peer's NAT has never heard
// of, and tells what became of it. Only an outsider sees what a NAT does with a SYN that nobody asked for. (pure)
//
// `/parley/dial-back/1.0.0` on a direct connection to the relay:
//   peer → relay   uvarint length, Request{1: port}
//   relay → peer   uvarint length, Answer{1: outcome}; then both close
// The host is the one from which the connection comes, and cannot be named. Nothing is sent on the dialled connection,
// which is reset at once. Outcomes that a later version may send count as `unable`.
import type { Uint8ArrayList } from 'uint8arraylist'
import { FieldError, readFields } from './field-reader.ts'
import { FieldWriter } from './field-writer.ts'
import { decodeLength } from './length-prefix.ts'

export const DIAL_BACK_PROTOCOL = '/parley/dial-back/1.0.0'

const MAX_MESSAGE_BYTES = 64

/** The place in the list is the number on the wire. */
const OUTCOMES = ['unable', 'connected', 'refused', 'silent'] as const

/** `silent`: no answer within two seconds; `unable`: the relay did not dial, or could not. */
export type DialBackOutcome = (typeof OUTCOMES)[number]

/** Bytes that are none of these messages. */
export class DialBackMessageError extends Error {
  override name = 'DialBackMessageError'
}

/** For lpStream. Throws DialBackMessageError, and RangeError while the prefix is incomplete. */
export const decodeDialBackLength = (prefix: Uint8ArrayList): number =>
  decodeLength(prefix, MAX_MESSAGE_BYTES, (message) => new DialBackMessageError(message))

export const encodeDialBackRequest = (port: number): Uint8Array =>
  new FieldWriter().uint(1, port).finish()

/** The port. Throws DialBackMessageError. */
export function decodeDialBackRequest(bytes: Uint8Array): number {
  const port = onlyNumber(bytes, 'port')
  if (port < 1 || port > 65_535) throw new DialBackMessageError('a request without a port')
  return port
}

export const encodeDialBackAnswer = (outcome: DialBackOutcome): Uint8Array =>
  new FieldWriter().uint(1, OUTCOMES.indexOf(outcome)).finish()

/** Throws DialBackMessageError. */
export const decodeDialBackAnswer = (bytes: Uint8Array): DialBackOutcome =>
  OUTCOMES[onlyNumber(bytes, 'outcome')] ?? 'unable'

/** Of field 1; 0 when it is missing. */
function onlyNumber(bytes: Uint8Array, name: string): number {
  let number = 0
  try {
    readFields(bytes, 'message', { 1: (field) => (number = field.clampedUint(name)) })
  } catch (cause) {
    if (!(cause instanceof FieldError)) throw cause
    throw new DialBackMessageError(`a message is malformed: ${cause.message}`, { cause })
  }
  return number
}
