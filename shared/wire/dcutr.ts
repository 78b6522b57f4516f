// /libp2p/dcutr: the messages by which two relayed peers agree on when to dial each other. (pure)
// Source: libp2p specs, relay/DCUtR.md.
import type { Uint8ArrayList } from 'uint8arraylist'
import { FieldError, readFields, TruncatedError } from './field-reader.ts'
import { FieldWriter } from './field-writer.ts'
import { decodeLength } from './length-prefix.ts'

export const DCUTR_PROTOCOL = '/libp2p/dcutr'

/** The spec's limit for a message, its length prefix aside. */
export const MAX_DCUTR_MESSAGE_BYTES = 4 * 1024

/** More than any honest host has; one who sends more wants others dialled. */
export const MAX_DCUTR_ADDRESSES = 64

/**
 * Extensions of ours, which others pass over: `nat` is a report of nat-report.ts, still encoded. `heldMs`: for so long
 * the answer was held back after the other side's CONNECT had come; the round trip that it takes is shorter by that.
 */
export interface DcutrConnect {
  addresses: Uint8Array[]
  nat?: Uint8Array
  heldMs?: number
}

export type DcutrMessage = ({ type: 'connect' } & DcutrConnect) | { type: 'sync' }

/** A message that cannot be meant: `reason` says what is wrong with it. */
export class DcutrFormatError extends Error {
  override name = 'DcutrFormatError'
}

/** Far from what the specification may come to use. */
const NAT_FIELD = 1017
const HELD_FIELD = 1018

const TYPE_CONNECT = 100
const TYPE_SYNC = 300

/** For lpStream. Throws DcutrFormatError, and RangeError while the prefix is incomplete. */
export const decodeDcutrLength = (prefix: Uint8ArrayList): number =>
  decodeLength(prefix, MAX_DCUTR_MESSAGE_BYTES, (message) => new DcutrFormatError(message))

export function encodeDcutr(message: DcutrMessage): Uint8Array {
  if (message.type === 'sync') return new FieldWriter().uint(1, TYPE_SYNC).finish()
  return new FieldWriter()
    .uint(1, TYPE_CONNECT)
    .eachBytes(2, message.addresses)
    .bytes(NAT_FIELD, message.nat)
    .uint(HELD_FIELD, message.heldMs)
    .finish()
}

/** Throws DcutrFormatError. Unknown fields are passed over. */
export function decodeDcutr(bytes: Uint8Array): DcutrMessage {
  if (bytes.byteLength > MAX_DCUTR_MESSAGE_BYTES) {
    throw new DcutrFormatError(
      `a message of ${bytes.byteLength} bytes, the limit is ${MAX_DCUTR_MESSAGE_BYTES}`
    )
  }
  const { type, ...connect } = decodeFields(bytes)
  if (type === TYPE_SYNC) return { type: 'sync' }
  if (type === TYPE_CONNECT) return { type: 'connect', ...connect }
  throw new DcutrFormatError(
    type === undefined ? 'a message without a type' : `a message of unknown type ${type}`
  )
}

function decodeFields(bytes: Uint8Array): DcutrConnect & { type?: number } {
  const message: DcutrConnect & { type?: number } = { addresses: [] }
  try {
    readFields(bytes, 'message', {
      1: (field) => (message.type = field.clampedUint('type')),
      2: (field) => message.addresses.push(field.bytesCopy('addresses')),
      [NAT_FIELD]: (field) => (message.nat = field.bytesCopy('nat')),
      [HELD_FIELD]: (field) => (message.heldMs = field.clampedUint('heldMs'))
    })
  } catch (cause) {
    if (!(cause instanceof FieldError)) throw cause
    const problem =
      cause instanceof TruncatedError ? 'that ends in the middle of a field' : 'that is malformed'
    throw new DcutrFormatError(`a message ${problem}: ${cause.message}`, { cause })
  }
  if (message.addresses.length > MAX_DCUTR_ADDRESSES) {
    throw new DcutrFormatError(
      `a message with ${message.addresses.length} addresses, the limit is ${MAX_DCUTR_ADDRESSES}`
    )
  }
  return message
}
