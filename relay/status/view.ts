// What the page gets to show, as `/status.json`: a snapshot with its long lists cut, and the verdict on it. (pure)
import type { LimitName, Usage } from '../limits.ts'
import type { Readiness } from './readiness.ts'
import { bytesOf, type CircuitRow, type RelaySnapshot } from './snapshot.ts'
import type { ReservationRow, Totals } from './tally.ts'

export interface StatusView {
  version: string
  atMs: number
  startedAtMs: number
  peerId: string
  addresses: readonly string[]
  health: Readiness
  /** What the operator should mend, as whole sentences. */
  warnings: readonly string[]
  reservations: { rows: ReservationRow[]; more: number }
  circuits: { rows: CircuitRow[]; more: number }
  connections: number
  registrations: number
  rooms: number
  usage: Usage[]
  refusals: Readonly<Record<LimitName, number>>
  draining: boolean
  totals: Totals
}

/** More than anybody reads on a page, and 20 kB. */
const MAX_ROWS = 100

export function statusView(
  snapshot: RelaySnapshot,
  about: Pick<StatusView, 'health' | 'warnings' | 'version'>
): StatusView {
  const { reservations, circuits, connections, ...rest } = snapshot
  return {
    ...rest,
    ...about,
    connections: connections.length,
    reservations: firstOf(reservations.toSorted((a, b) => b.sinceMs - a.sinceMs)),
    circuits: firstOf(
      circuits.toSorted((a, b) => bytesOf(b) - bytesOf(a) || b.openedAtMs - a.openedAtMs)
    )
  }
}

const firstOf = <Row>(rows: Row[]): { rows: Row[]; more: number } => ({
  rows: rows.slice(0, MAX_ROWS),
  more: Math.max(0, rows.length - MAX_ROWS)
})
