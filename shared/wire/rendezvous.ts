// `/rendezvous/1.0.0` on the wire: ids, limits, statuses, messages, encode, decode. Pure: bytes in, values out.
// Source: the rendezvous specification of libp2p; field numbers are those of rust-libp2p's rpc.proto (proto2).
import {
  asBytes,
  asBytesCopy,
  asNumber,
  asText,
  fields,
  FieldWriter,
  type FieldValue
} from './fields.ts'

export const RENDEZVOUS_PROTOCOL = '/rendezvous/1.0.0'

/** Of the UTF-8 form; the specification's limit. */
export const MAX_NAMESPACE_BYTES = 255

/** A signed record with 16 addresses is about 1 KiB; this leaves room for RSA keys and long names. */
export const MAX_RECORD_BYTES = 16 * 1024

/** What a server reads: one record and its namespace, with room for fields that we do not know. */
export const MAX_REQUEST_BYTES = 64 * 1024

/** What a client reads: rust-libp2p's own limit for any message. */
export const MAX_REPLY_BYTES = 1024 * 1024

/** In one reply. */
export const MAX_REGISTRATIONS_PER_REPLY = 1000

/** Ours are at most 263 bytes; other servers may put more into theirs. */
export const MAX_COOKIE_BYTES = 1024

/** The text is shown to people: a sentence, not a page. */
const MAX_STATUS_TEXT_BYTES = 512

export const MIN_TTL_SECONDS = 2 * 60 * 60
export const DEFAULT_TTL_SECONDS = 2 * 60 * 60
export const MAX_TTL_SECONDS = 72 * 60 * 60

export const STATUS = {
  ok: 0,
  invalidNamespace: 100,
  invalidSignedPeerRecord: 101,
  invalidTtl: 102,
  invalidCookie: 103,
  notAuthorized: 200,
  internalError: 300,
  unavailable: 400
} as const

export type RendezvousStatus = (typeof STATUS)[keyof typeof STATUS]

const STATUS_WORDS: Record<number, string> = {
  [STATUS.ok]: 'ok',
  [STATUS.invalidNamespace]: 'invalid namespace',
  [STATUS.invalidSignedPeerRecord]: 'invalid signed peer record',
  [STATUS.invalidTtl]: 'invalid TTL',
  [STATUS.invalidCookie]: 'invalid cookie',
  [STATUS.notAuthorized]: 'not authorized',
  [STATUS.internalError]: 'internal error',
  [STATUS.unavailable]: 'unavailable'
}

/** The status in words: `invalid TTL`; `status 999` when nobody has defined it. */
export function statusWords(status: number): string {
  return STATUS_WORDS[status] ?? `status ${status}`
}

export interface WireRegistration {
  /** The namespace; empty when the sender left it out. */
  ns: string
  /** Protobuf encoding of a signed envelope; empty when the sender left it out. */
  signedPeerRecord: Uint8Array
  /** Absent: the server's default. */
  ttlSeconds?: number
}

export interface RegisterRequest extends WireRegistration {
  type: 'register'
}

export interface UnregisterRequest {
  type: 'unregister'
  ns: string
}

export interface DiscoverRequest {
  type: 'discover'
  /** Absent: every namespace. */
  ns?: string
  limit?: number
  cookie?: Uint8Array
}

export interface RegisterResponse {
  type: 'registerResponse'
  /** One of `STATUS`, or whatever the server made up. */
  status: number
  statusText?: string
  ttlSeconds?: number
}

export interface DiscoverResponse {
  type: 'discoverResponse'
  registrations: WireRegistration[]
  /** Absent from servers that do not resume, and from refusals. */
  cookie?: Uint8Array
  status: number
  statusText?: string
}

export type RendezvousRequest = RegisterRequest | UnregisterRequest | DiscoverRequest
export type RendezvousResponse = RegisterResponse | DiscoverResponse
export type RendezvousMessage = RendezvousRequest | RendezvousResponse

/** In the order of the wire's MessageType; the field that carries type n is n + 2. */
const TYPES = [
  'register',
  'registerResponse',
  'unregister',
  'discover',
  'discoverResponse'
] as const

/**
 * Encodes a message without its length prefix. Zeros are written out: the messages are proto2, and rust-libp2p
 * refuses one without a type or a status.
 */
export function encodeMessage(message: RendezvousMessage): Uint8Array {
  const type = TYPES.indexOf(message.type)
  return new FieldWriter()
    .varint(1, type)
    .bytes(type + 2, encodeBody(message))
    .finish()
}

function encodeBody(message: RendezvousMessage): Uint8Array {
  switch (message.type) {
    case 'register':
      return encodeRegistration(message)
    case 'registerResponse':
      return new FieldWriter()
        .varint(1, message.status)
        .text(2, message.statusText)
        .varint(3, message.ttlSeconds)
        .finish()
    case 'unregister':
      return new FieldWriter().text(1, message.ns).finish()
    case 'discover':
      return new FieldWriter()
        .text(1, message.ns)
        .varint(2, message.limit)
        .bytes(3, message.cookie)
        .finish()
    case 'discoverResponse':
      return encodeDiscoverResponse(message)
    default:
      return message satisfies never
  }
}

function encodeDiscoverResponse(message: DiscoverResponse): Uint8Array {
  return message.registrations
    .reduce((body, each) => body.bytes(1, encodeRegistration(each)), new FieldWriter())
    .bytes(2, message.cookie)
    .varint(3, message.status)
    .text(4, message.statusText)
    .finish()
}

function encodeRegistration(registration: WireRegistration): Uint8Array {
  return new FieldWriter()
    .text(1, registration.ns)
    .bytes(2, registration.signedPeerRecord)
    .varint(3, registration.ttlSeconds)
    .finish()
}

/**
 * Decodes a message without its length prefix, tolerating unknown fields. Byte fields are copies. What a client says
 * is bounded by `MAX_REQUEST_BYTES` and judged by the server, which has a status for each fault.
 *
 * @throws Error when the bytes are no such message, or a reply exceeds the limits above
 */
export function decodeMessage(bytes: Uint8Array): RendezvousMessage {
  let type: number | undefined
  const bodies = new Map<number, Uint8Array>()
  for (const { field, value } of fields(bytes)) {
    if (field === 1) type = asNumber(value)
    else if (field <= TYPES.length + 1) bodies.set(field, asBytes(value))
  }
  const name = type === undefined ? undefined : TYPES[type]
  if (type === undefined || name === undefined) throw malformed(`message type ${type ?? 'missing'}`)
  const body = bodies.get(type + 2)
  if (body === undefined) throw malformed(`${name} without its body`)
  return DECODERS[name](body)
}

const DECODERS: Record<(typeof TYPES)[number], (body: Uint8Array) => RendezvousMessage> = {
  register: (body) => ({ type: 'register', ...decodeRegistration(body) }),
  registerResponse: decodeRegisterResponse,
  unregister: decodeUnregister,
  discover: decodeDiscover,
  discoverResponse: decodeDiscoverResponse
}

function decodeRegistration(body: Uint8Array): WireRegistration {
  const out: WireRegistration = { ns: '', signedPeerRecord: new Uint8Array() }
  for (const { field, value } of fields(body)) {
    if (field === 1) out.ns = asText(value)
    else if (field === 2) out.signedPeerRecord = asBytesCopy(value)
    else if (field === 3) out.ttlSeconds = asNumber(value)
  }
  return out
}

function decodeRegisterResponse(body: Uint8Array): RegisterResponse {
  // A reply without a status is proto3 for 0.
  const out: RegisterResponse = { type: 'registerResponse', status: STATUS.ok }
  for (const { field, value } of fields(body)) {
    if (field === 1) out.status = asNumber(value)
    else if (field === 2) out.statusText = asStatusText(value)
    else if (field === 3) out.ttlSeconds = asNumber(value)
  }
  return out
}

function decodeUnregister(body: Uint8Array): UnregisterRequest {
  const out: UnregisterRequest = { type: 'unregister', ns: '' }
  for (const { field, value } of fields(body)) {
    if (field === 1) out.ns = asText(value)
  }
  return out
}

function decodeDiscover(body: Uint8Array): DiscoverRequest {
  const out: DiscoverRequest = { type: 'discover' }
  for (const { field, value } of fields(body)) {
    if (field === 1) out.ns = asText(value)
    else if (field === 2) out.limit = asNumber(value)
    else if (field === 3) out.cookie = asBytesCopy(value)
  }
  return out
}

function decodeDiscoverResponse(body: Uint8Array): DiscoverResponse {
  const out: DiscoverResponse = { type: 'discoverResponse', registrations: [], status: STATUS.ok }
  for (const { field, value } of fields(body)) {
    if (field === 1) out.registrations.push(decodeRegistration(asBytes(value)))
    else if (field === 2) out.cookie = asBytesCopy(value)
    else if (field === 3) out.status = asNumber(value)
    else if (field === 4) out.statusText = asStatusText(value)
    if (out.registrations.length > MAX_REGISTRATIONS_PER_REPLY)
      throw malformed('too many registrations')
  }
  if ((out.cookie?.byteLength ?? 0) > MAX_COOKIE_BYTES) throw malformed('cookie too long')
  return out
}

/** Cut where it is too long: what is wrong matters more than its wording. */
function asStatusText(value: FieldValue): string {
  return new TextDecoder().decode(asBytes(value).subarray(0, MAX_STATUS_TEXT_BYTES))
}

function malformed(what: string): Error {
  return new Error(`malformed rendezvous message: ${what}`)
}
