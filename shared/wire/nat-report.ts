// What a peer tells another of its NAT before they punch: an extension of DCUtR's CONNECT, which go and rust pass
// over. It stands there because there both are known to each other, take part now, and need it at that moment. (pure)
import { Field, FieldError, readFields } from './field-reader.ts'
import { FieldWriter } from './field-writer.ts'
import { MAX_REFLECTION_BYTES } from './reflect.ts'

/** RFC 4787: whether all destinations see one address. The place in the list is the number on the wire. */
export const NAT_MAPPINGS = [
  'unknown',
  'none',
  'endpoint-independent',
  'address-dependent',
  'address-and-port-dependent'
] as const

/** How a NAT chooses outside ports. */
export const NAT_PORTS = [
  'unknown',
  'preserved',
  'changed',
  'sequential',
  'block',
  'random'
] as const

/** What becomes of packets that nobody behind the NAT has asked for. */
export const NAT_FILTERINGS = ['unknown', 'open', 'drop', 'rst'] as const

export type NatMapping = (typeof NAT_MAPPINGS)[number]
export type NatPorts = (typeof NAT_PORTS)[number]
export type NatFiltering = (typeof NAT_FILTERINGS)[number]

export interface NatReport {
  mapping: NatMapping
  ports: NatPorts
  /** Of `sequential`. */
  step?: number
  filtering: NatFiltering
  /** Outside ports that relays have seen, oldest first. */
  seenPorts: number[]
  /** How many public addresses they were seen at: more than one is a pool. */
  hosts: number
  /** How many sockets this side can open for the punch. */
  sockets: number
  /** That the peer is where it says. */
  proofs: NatProof[]
}

/** A relay's signed reflection, and what binds it to the peer (see reflect.ts). */
export interface NatProof {
  /** A peer id's bytes. */
  relay: Uint8Array
  salt: Uint8Array
  reflection: Uint8Array
}

/** Leaves 2 of DCUtR's 4 KiB to addresses. */
export const MAX_NAT_REPORT_BYTES = 2_048

export const MAX_SEEN_PORTS = 16
/** Of Ed25519 keys; one of a long RSA key may not fit beside others. */
export const MAX_PROOFS = 4
const MAX_SALT_BYTES = 32
const MAX_RELAY_BYTES = 64
/** Beyond it numbers say nothing any more. */
const MAX_COUNT = 65_536

/** Proofs that do not fit are left out. */
export function encodeNatReport(report: NatReport): Uint8Array {
  const { proofs } = report
  for (let count = Math.min(proofs.length, MAX_PROOFS); count > 0; count -= 1) {
    const bytes = encode({ ...report, proofs: proofs.slice(0, count) })
    if (bytes.byteLength <= MAX_NAT_REPORT_BYTES) return bytes
  }
  return encode({ ...report, proofs: [] })
}

function encode(report: NatReport): Uint8Array {
  const message = new FieldWriter()
    .uint(1, NAT_MAPPINGS.indexOf(report.mapping))
    .uint(2, NAT_PORTS.indexOf(report.ports))
    .uint(3, report.step === undefined ? undefined : zigzag(report.step))
    .uint(4, NAT_FILTERINGS.indexOf(report.filtering))
  for (const port of report.seenPorts.slice(-MAX_SEEN_PORTS)) message.uint(5, port)
  return message
    .uint(6, report.hosts)
    .uint(7, report.sockets)
    .eachBytes(8, report.proofs.map(encodeProof))
    .finish()
}

/** Undefined for what cannot be meant: the other side then is as one that tells nothing. */
export function decodeNatReport(bytes: Uint8Array): NatReport | undefined {
  if (bytes.byteLength > MAX_NAT_REPORT_BYTES) return undefined
  try {
    return readReport(bytes)
  } catch (cause) {
    if (cause instanceof FieldError) return undefined
    throw cause
  }
}

function readReport(bytes: Uint8Array): NatReport | undefined {
  const report: NatReport = {
    mapping: 'unknown',
    ports: 'unknown',
    filtering: 'unknown',
    seenPorts: [],
    hosts: 1,
    sockets: 0,
    proofs: []
  }
  readFields(bytes, 'report', {
    1: (field) => (report.mapping = NAT_MAPPINGS[field.clampedUint('mapping')] ?? 'unknown'),
    2: (field) => (report.ports = NAT_PORTS[field.clampedUint('ports')] ?? 'unknown'),
    3: (field) => (report.step = unzigzag(field.clampedUint('step'))),
    4: (field) => (report.filtering = NAT_FILTERINGS[field.clampedUint('filtering')] ?? 'unknown'),
    5: (field) => report.seenPorts.push(field.clampedUint('port')),
    6: (field) => (report.hosts = field.clampedUint('hosts')),
    7: (field) => (report.sockets = Math.min(field.clampedUint('sockets'), MAX_COUNT)),
    8: (field) => report.proofs.push(readProof(field))
  })
  return isPlausible(report) ? report : undefined
}

function isPlausible({ ports, step, seenPorts, proofs }: NatReport): boolean {
  const steps =
    step === undefined ? ports !== 'sequential' : step !== 0 && Math.abs(step) <= MAX_COUNT
  const few = seenPorts.length <= MAX_SEEN_PORTS && proofs.length <= MAX_PROOFS
  return steps && few && seenPorts.every((port) => port > 0 && port < MAX_COUNT)
}

function encodeProof({ relay, salt, reflection }: NatProof): Uint8Array {
  return new FieldWriter().bytes(1, relay).bytes(2, salt).bytes(3, reflection).finish()
}

function readProof(field: Field): NatProof {
  const proof = { relay: new Uint8Array(), salt: new Uint8Array(), reflection: new Uint8Array() }
  field.nested('proof', {
    1: (part) => (proof.relay = copy(part, 'relay', MAX_RELAY_BYTES)),
    2: (part) => (proof.salt = copy(part, 'salt', MAX_SALT_BYTES)),
    3: (part) => (proof.reflection = copy(part, 'reflection', MAX_REFLECTION_BYTES))
  })
  return proof
}

function copy(field: Field, name: string, maxBytes: number): Uint8Array<ArrayBuffer> {
  const bytes = field.bytesCopy(name)
  if (bytes.byteLength > maxBytes) throw new FieldError(name, `is longer than ${maxBytes} bytes`)
  return bytes
}

function zigzag(value: number): number {
  return value < 0 ? -2 * value - 1 : 2 * value
}

function unzigzag(value: number): number {
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2
}
