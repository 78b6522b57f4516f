// `/rendezvous/1.0.0` on the wire: ids, limits, statuses, messages, encode, decode. Pure: bytes in, values out.
// Source: the rendezvous specification of libp2p; field numbers are those of rust-libp2p's rpc.proto (proto2).
import { type Field, FieldError, readFields } from './field-reader.ts'
import { FieldWriter } from './field-writer.ts'

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
    .uint(1, type)
    .bytes(type + 2, encodeBody(message))
    .finish()
}

function encodeBody(message: RendezvousMessage): Uint8Array {
  switch (message.type) {
    case 'register':
      return encodeRegistration(message)
    case 'registerResponse':
      return new FieldWriter()
        .uint(1, message.status)
        .text(2, message.statusText)
        .uint(3, message.ttlSeconds)
        .finish()
    case 'unregister':
      return new FieldWriter().text(1, message.ns).finish()
    case 'discover':
      return new FieldWriter()
        .text(1, message.ns)
        .uint(2, message.limit)
        .bytes(3, message.cookie)
        .finish()
    case 'discoverResponse':
      return encodeDiscoverResponse(message)
    default:
      return message satisfies never
  }
}

function encodeDiscoverResponse(message: DiscoverResponse): Uint8Array {
  return new FieldWriter()
    .eachBytes(1, message.registrations.map(encodeRegistration))
    .bytes(2, message.cookie)
    .uint(3, message.status)
    .text(4, message.statusText)
    .finish()
}

function encodeRegistration(registration: WireRegistration): Uint8Array {
  return new FieldWriter()
    .text(1, registration.ns)
    .bytes(2, registration.signedPeerRecord)
    .uint(3, registration.ttlSeconds)
    .finish()
}

/**
 * Decodes a message without its length prefix, tolerating unknown fields. Byte fields are copies. What a client says
 * is bounded by `MAX_REQUEST_BYTES` and judged by the server, which has a status for each fault.
 *
 * @throws Error when the bytes are no such message, or a reply exceeds the limits above
 */
export function decodeMessage(bytes: Uint8Array): RendezvousMessage {
  try {
    return decode(bytes)
  } catch (cause) {
    throw cause instanceof FieldError ? malformed(cause.message, { cause }) : cause
  }
}

function decode(bytes: Uint8Array): RendezvousMessage {
  const message: { type?: number } = {}
  const bodies = new Map<string, Uint8Array>()
  const bodyReaders = TYPES.map(
    (name, type) => [type + 2, (field: Field) => bodies.set(name, field.bytes(name))] as const
  )
  readFields(bytes, 'message', {
    1: (field) => (message.type = field.clampedUint('message.type')),
    ...Object.fromEntries(bodyReaders)
  })
  const name = message.type === undefined ? undefined : TYPES[message.type]
  if (name === undefined) throw malformed(`message type ${message.type ?? 'missing'}`)
  const body = bodies.get(name)
  if (body === undefined) throw malformed(`${name} without its body`)
  return DECODERS[name](body)
}

const DECODERS: Record<(typeof TYPES)[number], (body: Uint8Array) => RendezvousMessage> = {
  register: (body) => ({ type: 'register', ...decodeRegistration(body, 'register') }),
  registerResponse: decodeRegisterResponse,
  unregister: decodeUnregister,
  discover: decodeDiscover,
  discoverResponse: decodeDiscoverResponse
}

function decodeRegistration(body: Uint8Array, owner: string): WireRegistration {
  const out: WireRegistration = { ns: '', signedPeerRecord: new Uint8Array() }
  readFields(body, owner, {
    1: (field) => (out.ns = field.text(`${owner}.ns`)),
    2: (field) => (out.signedPeerRecord = field.bytesCopy(`${owner}.signedPeerRecord`)),
    3: (field) => (out.ttlSeconds = field.clampedUint(`${owner}.ttl`))
  })
  return out
}

function decodeRegisterResponse(body: Uint8Array): RegisterResponse {
  // A reply without a status is proto3 for 0.
  const out: RegisterResponse = { type: 'registerResponse', status: STATUS.ok }
  readFields(body, 'registerResponse', {
    1: (field) => (out.status = field.clampedUint('registerResponse.status')),
    2: (field) => (out.statusText = readStatusText(field, 'registerResponse.statusText')),
    3: (field) => (out.ttlSeconds = field.clampedUint('registerResponse.ttl'))
  })
  return out
}

function decodeUnregister(body: Uint8Array): UnregisterRequest {
  const out: UnregisterRequest = { type: 'unregister', ns: '' }
  readFields(body, 'unregister', { 1: (field) => (out.ns = field.text('unregister.ns')) })
  return out
}

function decodeDiscover(body: Uint8Array): DiscoverRequest {
  const out: DiscoverRequest = { type: 'discover' }
  readFields(body, 'discover', {
    1: (field) => (out.ns = field.text('discover.ns')),
    2: (field) => (out.limit = field.clampedUint('discover.limit')),
    3: (field) => (out.cookie = field.bytesCopy('discover.cookie'))
  })
  return out
}

function decodeDiscoverResponse(body: Uint8Array): DiscoverResponse {
  const out: DiscoverResponse = { type: 'discoverResponse', registrations: [], status: STATUS.ok }
  readFields(body, 'discoverResponse', {
    1: (field) => addRegistration(out.registrations, field),
    2: (field) => (out.cookie = field.bytesCopy('discoverResponse.cookie')),
    3: (field) => (out.status = field.clampedUint('discoverResponse.status')),
    4: (field) => (out.statusText = readStatusText(field, 'discoverResponse.statusText'))
  })
  if ((out.cookie?.byteLength ?? 0) > MAX_COOKIE_BYTES) throw malformed('cookie too long')
  return out
}

function addRegistration(registrations: WireRegistration[], field: Field): void {
  if (registrations.length === MAX_REGISTRATIONS_PER_REPLY)
    throw malformed('too many registrations')
  registrations.push(decodeRegistration(field.bytes('registration'), 'registration'))
}

/** Cut where it is too long: what is wrong matters more than its wording. */
function readStatusText(field: Field, name: string): string {
  return new TextDecoder().decode(field.bytes(name).subarray(0, MAX_STATUS_TEXT_BYTES))
}

function malformed(what: string, options?: ErrorOptions): Error {
  return new Error(`malformed rendezvous message: ${what}`, options)
}
