// Circuit relay v2 on the wire: protocol ids, limits, and the messages of HOP and STOP. (pure: bytes in, values out)
// https://github.com/libp2p/specs/blob/master/relay/circuit-v2.md#protobuf
import type { Uint8ArrayList } from 'uint8arraylist'
import { type Field, FieldError, type FieldReaders, readFields } from './field-reader.ts'
import { FieldWriter } from './field-writer.ts'
import { decodeLength } from './length-prefix.ts'

/** Spoken by the relay: reserve a place, ask for a circuit. */
export const HOP_PROTOCOL = '/libp2p/circuit/relay/0.2.0/hop'
/** Spoken by a peer that has a reservation: take a circuit. */
export const STOP_PROTOCOL = '/libp2p/circuit/relay/0.2.0/stop'

/** The spec: "implementations are encouraged to employ a maximum message size of 4KB". Without the length prefix. */
export const MAX_CIRCUIT_MESSAGE_BYTES = 4096
/** Hosts have a handful of addresses; hundreds of them in one message are made up. */
export const MAX_CIRCUIT_ADDRESSES = 64

/** Status codes of both protocols. Others may arrive, and mean refusal. */
export const CircuitStatus = {
  OK: 100,
  RESERVATION_REFUSED: 200,
  RESOURCE_LIMIT_EXCEEDED: 201,
  PERMISSION_DENIED: 202,
  CONNECTION_FAILED: 203,
  NO_RESERVATION: 204,
  MALFORMED_MESSAGE: 400,
  UNEXPECTED_MESSAGE: 401
} as const

/** The name of a status code for people: `NO_RESERVATION`, or `status 999`. */
export function circuitStatusName(status: number | undefined): string {
  const known = Object.entries(CircuitStatus).find(([, code]) => code === status)
  return known?.[0] ?? (status === undefined ? 'no status' : `status ${status}`)
}

export interface CircuitPeer {
  /** The multihash of a peer id, not checked. */
  id: Uint8Array
  /** Binary multiaddrs, not checked. */
  addresses: Uint8Array[]
}

export interface CircuitReservation {
  /** Unix time, UTC. */
  expireSeconds: number
  /** Binary multiaddrs of the relay, ending in its `/p2p/…`, without `/p2p-circuit`. */
  addresses: Uint8Array[]
  /** A signed envelope: see reservation-voucher.ts. */
  voucher?: Uint8Array
}

/** What one circuit may use. Absent or 0: no limit. */
export interface CircuitLimit {
  durationSeconds?: number
  /** In each direction. */
  dataBytes?: number
}

export interface HopMessage {
  type: 'RESERVE' | 'CONNECT' | 'STATUS'
  peer?: CircuitPeer
  reservation?: CircuitReservation
  limit?: CircuitLimit
  status?: number
}

export interface StopMessage {
  type: 'CONNECT' | 'STATUS'
  peer?: CircuitPeer
  limit?: CircuitLimit
  status?: number
}

/** Bytes that are not a message of HOP or STOP: refused with MALFORMED_MESSAGE. */
export class CircuitMessageError extends Error {
  override name = 'CircuitMessageError'
}

const HOP_TYPES = ['RESERVE', 'CONNECT', 'STATUS'] as const
const STOP_TYPES = ['CONNECT', 'STATUS'] as const

/** The message without its length prefix. */
export function encodeHop(message: HopMessage): Uint8Array {
  return new FieldWriter()
    .uint(1, HOP_TYPES.indexOf(message.type))
    .bytes(2, message.peer && encodePeer(message.peer))
    .bytes(3, message.reservation && encodeReservation(message.reservation))
    .bytes(4, message.limit && encodeLimit(message.limit))
    .uint(5, message.status)
    .finish()
}

/** The message without its length prefix. */
export function encodeStop(message: StopMessage): Uint8Array {
  return new FieldWriter()
    .uint(1, STOP_TYPES.indexOf(message.type))
    .bytes(2, message.peer && encodePeer(message.peer))
    .bytes(3, message.limit && encodeLimit(message.limit))
    .uint(4, message.status)
    .finish()
}

function encodePeer({ id, addresses }: CircuitPeer): Uint8Array {
  return new FieldWriter().bytes(1, id).eachBytes(2, addresses).finish()
}

function encodeReservation(reservation: CircuitReservation): Uint8Array {
  return new FieldWriter()
    .uint(1, reservation.expireSeconds)
    .eachBytes(2, reservation.addresses)
    .bytes(3, reservation.voucher)
    .finish()
}

function encodeLimit({ durationSeconds, dataBytes }: CircuitLimit): Uint8Array {
  return new FieldWriter().uint(1, durationSeconds).uint(2, dataBytes).finish()
}

/** Takes the message without its length prefix. Throws CircuitMessageError. */
export function decodeHop(bytes: Uint8Array): HopMessage {
  const message: Partial<HopMessage> = {}
  decodeFields(bytes, 'HOP', {
    1: (field) => (message.type = readType(field, HOP_TYPES)),
    2: (field) => (message.peer = readPeer(field)),
    3: (field) => (message.reservation = readReservation(field)),
    4: (field) => (message.limit = readLimit(field)),
    5: (field) => (message.status = field.clampedUint('status'))
  })
  return { ...message, type: present(message.type, 'the type of a HOP message') }
}

/** Takes the message without its length prefix. Throws CircuitMessageError. */
export function decodeStop(bytes: Uint8Array): StopMessage {
  const message: Partial<StopMessage> = {}
  decodeFields(bytes, 'STOP', {
    1: (field) => (message.type = readType(field, STOP_TYPES)),
    2: (field) => (message.peer = readPeer(field)),
    3: (field) => (message.limit = readLimit(field)),
    4: (field) => (message.status = field.clampedUint('status'))
  })
  return { ...message, type: present(message.type, 'the type of a STOP message') }
}

function decodeFields(bytes: Uint8Array, name: string, readers: FieldReaders): void {
  if (bytes.byteLength > MAX_CIRCUIT_MESSAGE_BYTES) {
    throw new CircuitMessageError(
      `a ${name} message of ${bytes.byteLength} bytes is over ${MAX_CIRCUIT_MESSAGE_BYTES}`
    )
  }
  try {
    readFields(bytes, 'message', readers)
  } catch (cause) {
    if (!(cause instanceof FieldError)) throw cause
    throw new CircuitMessageError(`a malformed ${name} message: ${cause.message}`, { cause })
  }
}

function readPeer(field: Field): CircuitPeer {
  const peer: CircuitPeer = { id: new Uint8Array(), addresses: [] }
  field.nested('peer', {
    1: (inner) => (peer.id = inner.bytesCopy('peer.id')),
    2: (inner) => addAddress(peer.addresses, inner.bytesCopy('peer.addrs'))
  })
  return peer
}

function readReservation(field: Field): CircuitReservation {
  const reservation: CircuitReservation = { expireSeconds: 0, addresses: [] }
  field.nested('reservation', {
    1: (inner) => (reservation.expireSeconds = inner.clampedUint('reservation.expire')),
    2: (inner) => addAddress(reservation.addresses, inner.bytesCopy('reservation.addrs')),
    3: (inner) => (reservation.voucher = inner.bytesCopy('reservation.voucher'))
  })
  return reservation
}

function readLimit(field: Field): CircuitLimit {
  const limit: CircuitLimit = {}
  field.nested('limit', {
    1: (inner) => (limit.durationSeconds = inner.clampedUint('limit.duration')),
    2: (inner) => (limit.dataBytes = inner.clampedUint('limit.data'))
  })
  return limit
}

function addAddress(addresses: Uint8Array[], address: Uint8Array): void {
  if (addresses.length === MAX_CIRCUIT_ADDRESSES) {
    throw new CircuitMessageError(`more than ${MAX_CIRCUIT_ADDRESSES} addresses in one message`)
  }
  addresses.push(address)
}

function readType<T>(field: Field, types: readonly T[]): T {
  return present(types[field.clampedUint('type')], 'a known type')
}

function present<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new CircuitMessageError(`a message lacks ${what}`)
  return value
}

/** The length before a message, for lpStream. Throws CircuitMessageError for one over the limit. */
export const decodeCircuitLength = (prefix: Uint8ArrayList): number =>
  decodeLength(prefix, MAX_CIRCUIT_MESSAGE_BYTES, (message) => new CircuitMessageError(message))
