// Circuit relay v2 on the wire: protocol ids, limits, and the messages of HOP and STOP. (pure: bytes in, values out)
// https://github.com/libp2p/specs/blob/master/relay/circuit-v2.md#protobuf
import { reader, writer } from 'protons-runtime'

type Reader = ReturnType<typeof reader>
type Writer = ReturnType<typeof writer>

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

const VARINT = 0
const BYTES = 2
const tagOf = (field: number, wireType: number): number => (field << 3) | wireType

/** The message without its length prefix. */
export function encodeHop(message: HopMessage): Uint8Array {
  const w = writer()
  w.uint32(tagOf(1, VARINT)).uint32(HOP_TYPES.indexOf(message.type))
  writeNested(w, 2, message.peer, writePeer)
  writeNested(w, 3, message.reservation, writeReservation)
  writeNested(w, 4, message.limit, writeLimit)
  if (message.status !== undefined) w.uint32(tagOf(5, VARINT)).uint32(message.status)
  return w.finish()
}

/** The message without its length prefix. */
export function encodeStop(message: StopMessage): Uint8Array {
  const w = writer()
  w.uint32(tagOf(1, VARINT)).uint32(STOP_TYPES.indexOf(message.type))
  writeNested(w, 2, message.peer, writePeer)
  writeNested(w, 3, message.limit, writeLimit)
  if (message.status !== undefined) w.uint32(tagOf(4, VARINT)).uint32(message.status)
  return w.finish()
}

function writeNested<T>(
  w: Writer,
  field: number,
  value: T | undefined,
  write: (w: Writer, value: T) => void
): void {
  if (value === undefined) return
  w.uint32(tagOf(field, BYTES)).fork()
  write(w, value)
  w.ldelim()
}

function writePeer(w: Writer, peer: CircuitPeer): void {
  w.uint32(tagOf(1, BYTES)).bytes(peer.id)
  for (const address of peer.addresses) w.uint32(tagOf(2, BYTES)).bytes(address)
}

function writeReservation(w: Writer, reservation: CircuitReservation): void {
  w.uint32(tagOf(1, VARINT)).uint64Number(reservation.expireSeconds)
  for (const address of reservation.addresses) w.uint32(tagOf(2, BYTES)).bytes(address)
  if (reservation.voucher !== undefined) w.uint32(tagOf(3, BYTES)).bytes(reservation.voucher)
}

function writeLimit(w: Writer, { durationSeconds, dataBytes }: CircuitLimit): void {
  if (durationSeconds !== undefined) w.uint32(tagOf(1, VARINT)).uint32(durationSeconds)
  if (dataBytes !== undefined) w.uint32(tagOf(2, VARINT)).uint64Number(dataBytes)
}

/** Takes the message without its length prefix. Throws CircuitMessageError. */
export function decodeHop(bytes: Uint8Array): HopMessage {
  const message: Partial<HopMessage> = {}
  decodeFields(bytes, 'HOP', {
    1: (r) => (message.type = typeFrom(r, HOP_TYPES)),
    2: (r) => (message.peer = readPeer(r)),
    3: (r) => (message.reservation = readReservation(r)),
    4: (r) => (message.limit = readLimit(r)),
    5: (r) => (message.status = readUint(r))
  })
  return { ...message, type: present(message.type, 'the type of a HOP message') }
}

/** Takes the message without its length prefix. Throws CircuitMessageError. */
export function decodeStop(bytes: Uint8Array): StopMessage {
  const message: Partial<StopMessage> = {}
  decodeFields(bytes, 'STOP', {
    1: (r) => (message.type = typeFrom(r, STOP_TYPES)),
    2: (r) => (message.peer = readPeer(r)),
    3: (r) => (message.limit = readLimit(r)),
    4: (r) => (message.status = readUint(r))
  })
  return { ...message, type: present(message.type, 'the type of a STOP message') }
}

type FieldReaders = Record<number, (r: Reader) => unknown>

function decodeFields(bytes: Uint8Array, name: string, fields: FieldReaders): void {
  if (bytes.byteLength > MAX_CIRCUIT_MESSAGE_BYTES) {
    throw new CircuitMessageError(
      `a ${name} message of ${bytes.byteLength} bytes is over ${MAX_CIRCUIT_MESSAGE_BYTES}`
    )
  }
  try {
    readFields(reader(bytes), fields)
  } catch (cause) {
    if (cause instanceof CircuitMessageError) throw cause
    throw new CircuitMessageError(`a ${name} message is truncated or not protobuf`, { cause })
  }
}

function readFields(r: Reader, fields: FieldReaders): void {
  while (r.pos < r.len) {
    const tag = r.uint32()
    const read = fields[tag >>> 3]
    if (read === undefined) r.skipType(tag & 7)
    else read(r)
  }
  if (r.pos > r.len) throw new RangeError('read past the end')
}

function readNested(r: Reader, fields: FieldReaders): void {
  readFields(reader(r.bytes()), fields)
}

function readPeer(r: Reader): CircuitPeer {
  const peer: CircuitPeer = { id: new Uint8Array(), addresses: [] }
  readNested(r, {
    1: (inner) => (peer.id = inner.bytes().slice()),
    2: (inner) => addAddress(peer.addresses, inner)
  })
  return peer
}

function readReservation(r: Reader): CircuitReservation {
  const reservation: CircuitReservation = { expireSeconds: 0, addresses: [] }
  readNested(r, {
    1: (inner) => (reservation.expireSeconds = readUint(inner)),
    2: (inner) => addAddress(reservation.addresses, inner),
    3: (inner) => (reservation.voucher = inner.bytes().slice())
  })
  return reservation
}

function readLimit(r: Reader): CircuitLimit {
  const limit: CircuitLimit = {}
  readNested(r, {
    1: (inner) => (limit.durationSeconds = readUint(inner)),
    2: (inner) => (limit.dataBytes = readUint(inner))
  })
  return limit
}

function addAddress(addresses: Uint8Array[], r: Reader): void {
  if (addresses.length === MAX_CIRCUIT_ADDRESSES) {
    throw new CircuitMessageError(`more than ${MAX_CIRCUIT_ADDRESSES} addresses in one message`)
  }
  addresses.push(r.bytes().slice())
}

function typeFrom<T>(r: Reader, types: readonly T[]): T {
  return present(types[readUint(r)], 'a known type')
}

/** A varint of up to 64 bits; what a number cannot hold becomes MAX_SAFE_INTEGER. The runtime's own reads past the end. */
function readUint(r: Reader): number {
  let value = 0
  for (let scale = 1, length = 1; length <= 10; scale *= 128, length++) {
    const byte = r.buf[r.pos++]
    if (byte === undefined) throw new RangeError('a varint is cut off')
    value += (byte & 127) * scale
    if (byte < 128) return Math.min(value, Number.MAX_SAFE_INTEGER)
  }
  throw new RangeError('a varint is longer than 64 bits')
}

function present<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new CircuitMessageError(`a message lacks ${what}`)
  return value
}
