// What kind of NAT a peer is behind, as far as it shows in where others see one listening port. (pure)
// The words are those of RFC 4787 (mapping, filtering, hairpinning), for TCP.
import { ipPortToMultiaddr } from '@libp2p/utils'
import { isPublicAddress } from '../../shared/addresses.ts'
import type { NatFiltering, NatMapping, NatPorts } from '../../shared/wire/nat-report.ts'

/** A TCP endpoint of one address family. */
export interface Endpoint {
  host: string
  port: number
}

/** Somebody at `destination`, dialled from our listening port (or from another, `fresh`), has seen us at `address`. */
export interface Observation {
  destination: Endpoint
  address: Endpoint
  /** The local port that the dial left from, unless that was the listening port. */
  freshPort?: number
  /** When it left, by a monotonic clock; absent: when the NAT made this mapping is not known, or it is long ago. */
  atMs?: number
}

export interface NatKind {
  /**
   * Whether all destinations see one address of ours. `none`: it is our own. When they do not, and no two
   * destinations shared a host, it is taken for the worst, `address-and-port-dependent`.
   */
  mapping: NatMapping
  /**
   * How outside ports are chosen. `changed`: one other port, whatever the destination. `sequential`: each the next one
   * after `step`. `block`: at random within `range`, as carriers deal them out. `random`: no pattern seen.
   */
  ports: NatPorts
  /** Between one mapping and the next, of `sequential`; negative when it counts down. */
  step?: number
  /** The lowest and the highest port seen, of `block`. */
  range?: { low: number; high: number }
  /** What becomes of packets that nobody behind the NAT has asked for, when that was tried. */
  filtering: NatFiltering
  /** Whether we reach ourselves at our mapped address, when that was tried. */
  hairpin?: boolean
  /** The evidence that counts, oldest first. */
  seen: Observation[]
}

/** What we know of ourselves without asking anybody. */
export interface OwnSide {
  listeningPort: number
  /** Of this machine's interfaces. */
  hosts: readonly string[]
}

/** Between two observations other hosts behind the NAT take ports as well; two random ports are this close in 1 of 500 cases. */
const MAX_STEP = 64

/** Carriers deal out blocks of 256 to 4,096 ports; three random ports lie this close together in 1 of 300 cases. */
const MAX_BLOCK_PORTS = 2_048
const MIN_BLOCK_SAMPLES = 3

/** Dials closer together than this are one burst: meanwhile the others behind the NAT take few ports. */
const MAX_BURST_GAP_MS = 1_000

export const UNKNOWN_NAT: NatKind = {
  mapping: 'unknown',
  ports: 'unknown',
  filtering: 'unknown',
  seen: []
}

/**
 * @param all - oldest first, of IPv4. Where two contradict each other, because the NAT was restarted or somebody lies,
 * the younger one counts.
 */
export function classifyNat(own: OwnSide, all: readonly Observation[]): NatKind {
  const seen = fromOutside(own, all)
  const latest = latestByDestination(seen)
  const kind = { ...UNKNOWN_NAT, seen: [...seen] }
  if (latest.length === 0) return kind
  if (latest.every(({ address }) => own.hosts.includes(address.host))) {
    return { ...kind, mapping: 'none', ports: 'preserved' }
  }
  const mapping = mappingOf(latest)
  return { ...kind, mapping, ...portsOf(own.listeningPort, mapping, seen) }
}

/** A relay on our own network sees nothing of the NAT at its edge; where none is beyond it, its word is all there is. */
function fromOutside({ hosts }: OwnSide, seen: readonly Observation[]): readonly Observation[] {
  const publicly = seen.filter(({ address }) => isPublic(address))
  const translated = seen.filter(({ address }) => !hosts.includes(address.host))
  return [publicly, translated, seen].find(({ length }) => length > 0) ?? []
}

export function isPublic({ host, port }: Endpoint): boolean {
  return isPublicAddress(ipPortToMultiaddr(host, port))
}

/** Whether another peer that dials what a relay sees of us knocks at the wrong port. */
export function isSymmetric({ mapping }: NatKind): boolean {
  return mapping === 'address-dependent' || mapping === 'address-and-port-dependent'
}

/** The public hosts that we were seen at: a carrier may have a pool of them. */
export function outsideHosts({ seen }: Pick<NatKind, 'seen'>): string[] {
  return [...new Set(seen.map(({ address }) => address.host))]
}

function mappingOf(latest: readonly Observation[]): NatMapping {
  if (latest.length < 2) return 'unknown'
  if (new Set(latest.map(({ address }) => text(address))).size === 1) return 'endpoint-independent'
  const byHost = Map.groupBy(latest, ({ destination }) => destination.host)
  const shared = [...byHost.values()].filter(({ length }) => length > 1)
  const oneEach = shared.every(
    (atHost) => new Set(atHost.map(({ address }) => text(address))).size === 1
  )
  return shared.length > 0 && oneEach ? 'address-dependent' : 'address-and-port-dependent'
}

function portsOf(
  listeningPort: number,
  mapping: NatMapping,
  seen: readonly Observation[]
): Pick<NatKind, 'ports' | 'step' | 'range'> {
  const kept = seen.every(({ address, freshPort }) => address.port === (freshPort ?? listeningPort))
  if (kept) return { ports: 'preserved' }
  if (mapping === 'unknown') return { ports: 'unknown' }
  if (mapping === 'endpoint-independent') return { ports: 'changed' }
  const ports = burstOf(seen)
  const step = commonStep(ports)
  if (step !== undefined) return { ports: 'sequential', step }
  const low = Math.min(...ports)
  const high = Math.max(...ports)
  const isBlock = ports.length >= MIN_BLOCK_SAMPLES && high - low < MAX_BLOCK_PORTS
  return isBlock ? { ports: 'block', range: { low, high } } : { ports: 'random' }
}

/**
 * The ports of the largest burst, or the younger of two, in the order in which the NAT gave them out. From one burst to
 * another they also show what the others behind it have taken meanwhile.
 */
function burstOf(seen: readonly Observation[]): number[] {
  const dated = seen
    .flatMap(({ address: { port }, atMs }) => (atMs === undefined ? [] : [{ port, atMs }]))
    .toSorted((one, other) => one.atMs - other.atMs)
  const bursts: number[][] = [[]]
  let lastMs = dated[0]?.atMs ?? 0
  for (const { port, atMs } of dated) {
    if (atMs - lastMs > MAX_BURST_GAP_MS) bursts.push([])
    bursts.at(-1)?.push(port)
    lastMs = atMs
  }
  return bursts
    .map(distinctInOrder)
    .reduce((best, each) => (each.length < best.length ? best : each))
}

/** The largest step that all differences are multiples of, when all go the same way and none is large. */
function commonStep(ports: readonly number[]): number | undefined {
  const steps = ports.slice(1).map((port, n) => port - (ports[n] ?? port))
  const up = steps.every((step) => step > 0)
  const down = steps.every((step) => step < 0)
  const isNear = steps.every((step) => Math.abs(step) <= MAX_STEP)
  if (steps.length === 0 || !isNear || up === down) return undefined
  return (down ? -1 : 1) * steps.map(Math.abs).reduce(greatestCommonDivisor)
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b)
}

/** Fresh local ports say nothing about how one port is mapped. */
function latestByDestination(seen: readonly Observation[]): Observation[] {
  const fromListening = seen.filter(({ freshPort }) => freshPort === undefined)
  return [...new Map(fromListening.map((each) => [text(each.destination), each])).values()]
}

function distinctInOrder(ports: readonly number[]): number[] {
  return [...new Set(ports)]
}

function text({ host, port }: Endpoint): string {
  return `${host} ${port}`
}
