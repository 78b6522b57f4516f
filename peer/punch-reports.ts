// Tells a relay how the search for direct paths ends, where the user chooses to: for the operator's metrics.
import type { Libp2p } from '@libp2p/interface'
import { multiaddr, type Multiaddr } from '@multiformats/multiaddr'
import { isPublicAddress, tcpEndpoint } from '../shared/addresses.ts'
import { deadline } from '../shared/deadline.ts'
import { openAtOnce } from '../shared/transport/optimistic-streams.ts'
import { lengthPrefixed } from '../shared/wire/field-writer.ts'
import {
  encodeReport,
  REPORT_PROTOCOL,
  type PortFate,
  type PunchReport
} from '../shared/wire/report.ts'
import type { RelayStatus } from './api.ts'
import type { PeerEvent } from './events.ts'
import { closeServed } from './reservations/close-served.ts'
import type { OwnAddresses } from './traversal/candidates.ts'
import { ROUNDS } from './traversal/plan.ts'

export interface PunchReportsInit {
  node: Pick<Libp2p, 'getConnections'>
  relays: () => readonly RelayStatus[]
  own: () => OwnAddresses
  /** Returns what ends the subscription. */
  subscribe: (listener: (event: PeerEvent) => void) => () => void
}

const REPORT_TIMEOUT_MS = 10_000

/** Ends when disposed. A relay that wants no reports, or has gone, gets none, and nobody is told. */
export function startPunchReports(
  init: PunchReportsInit,
  { signal }: { signal: AbortSignal }
): Disposable {
  const end = init.subscribe((event) => {
    const report = event.event === 'punch' ? reportOf(event, init.own()) : undefined
    if (report !== undefined) void send(init, report, signal).catch(() => {})
  })
  return { [Symbol.dispose]: end }
}

/**
 * What is worth telling: a path that became direct, or the last of the quick rounds that did not. By the initiator, so
 * that no punch is told twice.
 */
export function reportOf(
  { role, outcome, attempt, candidates }: Extract<PeerEvent, { event: 'punch' }>,
  own: Pick<OwnAddresses, 'mapped' | 'listening'>
): PunchReport | undefined {
  if (role !== 'initiator' || (outcome === 'failed' && attempt !== ROUNDS)) return undefined
  const [outside = [], inside = []] = partition(candidates.map((text) => multiaddr(text)))
  return {
    outcome,
    ownPort: portFate(own.mapped, own.listening),
    remotePort: portFate(outside, inside)
  }
}

function partition(addresses: readonly Multiaddr[]): Multiaddr[][] {
  const { outside, inside } = Object.groupBy(addresses, (address) =>
    isPublicAddress(address) ? 'outside' : 'inside'
  )
  return [outside ?? [], inside ?? []]
}

function portFate(outside: readonly Multiaddr[], inside: readonly Multiaddr[]): PortFate {
  const [seen, own] = [portsOf(outside), portsOf(inside)]
  if (seen.length === 0 || own.length === 0) return 'unknown'
  return seen.some((port) => own.includes(port)) ? 'kept' : 'changed'
}

/** NATs of IPv6 are too rare to be told apart. */
function portsOf(addresses: readonly Multiaddr[]): number[] {
  return addresses.flatMap((address) => {
    const endpoint = tcpEndpoint(address)
    return endpoint?.family === 4 ? [endpoint.port] : []
  })
}

/** To one relay, the first that we have: several of one operator would count it several times. */
async function send(
  { node, relays }: PunchReportsInit,
  report: PunchReport,
  signal: AbortSignal
): Promise<void> {
  const relay = relays().find(({ state }) => state === 'reserved')?.relay
  const connection = node
    .getConnections()
    .find(({ remotePeer, limits }) => limits === undefined && remotePeer.toString() === relay)
  if (connection === undefined) return
  using limit = deadline(signal, REPORT_TIMEOUT_MS, 'no place for a report in time')
  const stream = await openAtOnce(connection, REPORT_PROTOCOL, limit)
  stream.send(lengthPrefixed(encodeReport(report)))
  closeServed(stream)
}
