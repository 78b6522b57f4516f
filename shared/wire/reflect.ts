// Reflection: a relay tells whoever connects to a port of its own at which address it is seen there. Compared with what
// the relay's main port sees, that shows what kind of NAT is between. (pure)
//
// `/parley/reflect/1.0.0` on a connection to the relay, which opens no further stream:
//   relay → peer   uvarint length, Ports{1: repeated uint32 port}; then the stream ends
// On such a port, in plain TCP, so that an answer costs a signature and no handshake:
//   peer → relay   16 bytes MAGIC, 32 bytes commitment
//   relay → peer   uvarint length, Reflection{1: multiaddr, 2: Unix seconds, 3: signature}; then it closes
// The signature is the relay's, over MAGIC, commitment, and the message without field 3. The commitment is
// SHA-256(salt, peer id): who shows the salt proves to others that the relay saw it, and nobody else, at that address.
import { multiaddr, type Multiaddr } from '@multiformats/multiaddr'
import { tcpEndpoint } from '../addresses.ts'
import type { Uint8ArrayList } from 'uint8arraylist'
import { FieldError, readFields } from './field-reader.ts'
import { FieldWriter } from './field-writer.ts'
import { decodeLength } from './length-prefix.ts'

export const REFLECT_PROTOCOL = '/parley/reflect/1.0.0'

/** 16 bytes. */
const MAGIC = new TextEncoder().encode('parley/reflect/1')

export const COMMITMENT_BYTES = 32
export const REFLECT_REQUEST_BYTES = MAGIC.byteLength + COMMITMENT_BYTES

/** Signatures of RSA keys of 4,096 bits have 512. */
export const MAX_REFLECTION_BYTES = 640

/** One for each family, as a rule. */
const MAX_REFLECT_PORTS = 8
export const MAX_REFLECT_PORTS_BYTES = 64

export interface Reflection {
  /** Where the peer is seen: `/ip4/…/tcp/…` or `/ip6/…/tcp/…`. */
  address: Multiaddr
  /** By the relay's clock, which peers that use it have in common. */
  unixSeconds: number
}

export interface SignedReflection extends Reflection {
  signature: Uint8Array
}

/** Why bytes are none of these messages. */
export class ReflectFormatError extends Error {
  override name = 'ReflectFormatError'
}

/** For lpStream. Throws ReflectFormatError, and RangeError while the prefix is incomplete. */
export const decodeReflectPortsLength = (prefix: Uint8ArrayList): number =>
  decodeLength(prefix, MAX_REFLECT_PORTS_BYTES, (message) => new ReflectFormatError(message))

export function encodeReflectPorts(ports: readonly number[]): Uint8Array {
  const message = new FieldWriter()
  for (const port of ports) message.uint(1, port)
  return message.finish()
}

/** Throws ReflectFormatError. */
export function decodeReflectPorts(bytes: Uint8Array): number[] {
  const ports: number[] = []
  read(bytes, 'ports', { 1: (field) => ports.push(field.uint('port')) })
  if (ports.length > MAX_REFLECT_PORTS || !ports.every(isPort)) {
    throw new ReflectFormatError('more ports than a relay has, or numbers that are none')
  }
  return ports
}

export function encodeReflectRequest(commitment: Uint8Array): Uint8Array {
  return Buffer.concat([MAGIC, commitment])
}

/** The commitment; undefined for what is no request. */
export function decodeReflectRequest(bytes: Uint8Array): Uint8Array | undefined {
  const isRequest =
    bytes.byteLength === REFLECT_REQUEST_BYTES &&
    Buffer.compare(bytes.subarray(0, MAGIC.byteLength), MAGIC) === 0
  return isRequest ? new Uint8Array(bytes.subarray(MAGIC.byteLength)) : undefined
}

/** What the relay signs. */
export function reflectionStatement(commitment: Uint8Array, reflection: Reflection): Uint8Array {
  return Buffer.concat([MAGIC, commitment, unsigned(reflection).finish()])
}

export function encodeReflection(reflection: SignedReflection): Uint8Array {
  return unsigned(reflection).bytes(3, reflection.signature).finish()
}

/** Throws ReflectFormatError. The signature is still to be checked. */
export function decodeReflection(bytes: Uint8Array): SignedReflection {
  const found: { address?: Uint8Array; unixSeconds?: number; signature?: Uint8Array } = {}
  read(bytes, 'reflection', {
    1: (field) => (found.address = field.bytesCopy('address')),
    2: (field) => (found.unixSeconds = field.uint('time')),
    3: (field) => (found.signature = field.bytesCopy('signature'))
  })
  const { address, unixSeconds, signature } = found
  if (address === undefined || unixSeconds === undefined || signature === undefined) {
    throw new ReflectFormatError('a reflection without address, time or signature')
  }
  return { address: tcpAddress(address), unixSeconds, signature }
}

function unsigned({ address, unixSeconds }: Reflection): FieldWriter {
  return new FieldWriter().bytes(1, address.bytes).uint(2, unixSeconds)
}

function tcpAddress(bytes: Uint8Array): Multiaddr {
  let address: Multiaddr | undefined
  try {
    address = multiaddr(bytes)
  } catch (cause) {
    throw new ReflectFormatError('a reflection with an address that is none', { cause })
  }
  const endpoint = tcpEndpoint(address)
  if (endpoint === undefined || endpoint.named || !isPort(endpoint.port)) {
    throw new ReflectFormatError('a reflection with an address that is not one of TCP')
  }
  return address
}

function isPort(port: number): boolean {
  return Number.isInteger(port) && port > 0 && port <= 65_535
}

function read(...[bytes, owner, readers]: Parameters<typeof readFields>): void {
  try {
    readFields(bytes, owner, readers)
  } catch (cause) {
    if (!(cause instanceof FieldError)) throw cause
    throw new ReflectFormatError(`${owner} that are malformed: ${cause.message}`, { cause })
  }
}
