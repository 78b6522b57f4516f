// What /peers says of the relays: how each of them stands, since when, and what comes next. (pure)
import type { RelayStatus } from '../api.ts'
import { shortPeer } from '../terminal/labels.ts'
import { duration, size } from '../terminal/amounts.ts'
import { aligned } from './aligned.ts'

/** A table with a head; nothing without relays. `nowMs`: Unix milliseconds. */
export function relaysTable(relays: readonly RelayStatus[], nowMs: number): string[] {
  if (relays.length === 0) return []
  const rows = relays.map((status) => [
    status.relay === undefined ? '-' : shortPeer(status.relay),
    status.state,
    duration(nowMs - status.sinceMs),
    status.address,
    remark(status, nowMs)
  ])
  return aligned([['relay', 'state', 'for', 'address', ''], ...rows])
}

function remark(
  { state, reason, retryAtMs, expiresAtMs, endsAtMs, limit }: RelayStatus,
  nowMs: number
): string {
  if (state !== 'reserved') {
    const again = retryAtMs === undefined ? '' : `again in ${duration(retryAtMs - nowMs)}`
    return [again, reason].filter(Boolean).join(': ')
  }
  if (endsAtMs !== undefined)
    return `shutting down: a circuit ends within ${duration(endsAtMs - nowMs)}`
  const until = expiresAtMs === undefined ? '' : `renewed within ${duration(expiresAtMs - nowMs)}`
  const limits = [
    ...(limit?.seconds === undefined ? [] : [duration(limit.seconds * 1000)]),
    ...(limit?.bytes === undefined ? [] : [size(limit.bytes)])
  ]
  return [until, limits.length === 0 ? '' : `a circuit lasts ${limits.join(' or ')}`]
    .filter(Boolean)
    .join(', ')
}
