// What a running relay looks like at one moment: the one thing that page, health and metrics are made from. (pure)
import type { LiveCircuit } from '../circuit/context.ts'
import type { LimitName, Usage } from '../limits.ts'
import type { ReservationRow, Tally, Totals } from './tally.ts'

export interface CircuitRow {
  from: string
  to: string
  openedAtMs: number
  endsAtMs: number
  bytesToTarget: number
  bytesFromTarget: number
  /** In each direction. */
  maxBytes: number
}

/** One connection, as far as it is counted. */
export interface ConnectionCount {
  direction: 'inbound' | 'outbound'
  /** The protocols of its streams. */
  protocols: readonly string[]
}

export interface RelaySnapshot {
  atMs: number
  startedAtMs: number
  peerId: string
  addresses: readonly string[]
  reservations: ReservationRow[]
  circuits: CircuitRow[]
  connections: ConnectionCount[]
  registrations: number
  rooms: number
  usage: Usage[]
  /** How often each limit has refused or ended something, since the start. */
  refusals: Readonly<Record<LimitName, number>>
  /** It is about to stop, and takes nothing new. */
  draining: boolean
  /** Since the start. Of `refused` the keys are names of limits, and from `reason-names.ts`. */
  totals: Totals
}

/** What a snapshot is taken of; the relay's own peers are in none of it. */
export interface RelayInsides {
  startedAtMs: number
  peerId: string
  addresses(): readonly string[]
  circuits(): Iterable<LiveCircuit>
  connections(): ConnectionCount[]
  registrations(): { count: number; rooms: number }
  draining(): boolean
  usage(): Usage[]
  readonly refusals: Readonly<Record<LimitName, number>>
}

export function takeSnapshot(insides: RelayInsides, tally: Tally, nowMs: number): RelaySnapshot {
  const circuits = [...insides.circuits()].map(rowOf)
  const connections = insides.connections()
  const { count, rooms } = insides.registrations()
  const reservations = tally.reservations()
  const passing = circuits.reduce((sum, row) => sum + bytesOf(row), 0)
  const totals = tally.totals()
  return {
    atMs: nowMs,
    startedAtMs: insides.startedAtMs,
    peerId: insides.peerId,
    addresses: insides.addresses(),
    reservations,
    circuits,
    connections,
    registrations: count,
    rooms,
    usage: insides.usage(),
    refusals: { ...insides.refusals },
    draining: insides.draining(),
    totals: { ...totals, bytes: totals.bytes + passing }
  }
}

/** Both directions together. */
export const bytesOf = ({ bytesToTarget, bytesFromTarget }: CircuitRow): number =>
  bytesToTarget + bytesFromTarget

function rowOf({ bytes: [bytesToTarget, bytesFromTarget], ...circuit }: LiveCircuit): CircuitRow {
  return { ...circuit, bytesToTarget, bytesFromTarget }
}
