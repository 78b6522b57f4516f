// What /peers says of the relays: how each of them stands, since when, and what comes next. (pure)
import type { RelayStatus } from '../api.ts'
import { shortPeer } from '../terminal/labels.ts'
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
  { state, reason, retryAtMs, expiresAtMs, limit }: RelayStatus,
  nowMs: number
): string {
  if (state !== 'reserved') {
    const again = retryAtMs === undefined ? '' : `again in ${duration(retryAtMs - nowMs)}`
    return [again, reason].filter(Boolean).join(': ')
  }
  const until = expiresAtMs === undefined ? '' : `renewed within ${duration(expiresAtMs - nowMs)}`
  const limits = [
    ...(limit?.seconds === undefined ? [] : [duration(limit.seconds * 1000)]),
    ...(limit?.bytes === undefined ? [] : [size(limit.bytes)])
  ]
  return [until, limits.length === 0 ? '' : `a circuit lasts ${limits.join(' or ')}`]
    .filter(Boolean)
    .join(', ')
}

const UNITS: Array<[name: string, ms: number]> = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000]
]

/** `90 s`, `30 min`, `5 h`: the largest unit of which there are two. */
function duration(ms: number): string {
  const [name, unitMs] = UNITS.find(([, each]) => ms >= 2 * each) ?? ['s', 1000]
  return `${Math.max(0, Math.round(ms / unitMs))} ${name}`
}

function size(bytes: number): string {
  const [name, unit] =
    bytes >= 2 ** 30
      ? ['GiB', 2 ** 30]
      : bytes >= 2 ** 20
        ? ['MiB', 2 ** 20]
        : (['KiB', 1024] as const)
  return `${Math.round((10 * bytes) / unit) / 10} ${name}`
}
