// What the relay tells its operator, in words. (pure)
import { multiaddr } from '@multiformats/multiaddr'
import { reachable } from './addresses.ts'
import type { RelayEvent } from './events.ts'
import type { Why } from './why.ts'

/** Scripts cut at these lines. */
export const ADDRESSES_BEGIN = '----- parley relay addresses -----'
export const ADDRESSES_END = '----- end of addresses -----'

/**
 * The addresses one a line between the markers, then the command for a peer; ends in a newline. Best address first.
 * `command` is what comes before `--relay`, `rest` what comes behind it.
 */
export function addressBlock(addresses: readonly string[], command: string, rest = ''): string {
  const [best] = reachable(addresses.map((text) => multiaddr(text)))
  return [
    ADDRESSES_BEGIN,
    ...addresses,
    ADDRESSES_END,
    'A peer joins with:',
    `  ${command} --relay ${best === undefined ? 'ADDRESS' : best.toString()}${rest}`,
    ''
  ].join('\n')
}

/** One line; undefined for what is said otherwise. Rooms stand as their peers sent them. */
export function eventWords(event: RelayEvent): string | undefined {
  switch (event.event) {
    case 'reservation':
      return `reservation ${event.action} · ${short(event.peer)}${because(event)}`
    case 'circuit': {
      const bytes = event.bytes === undefined ? '' : ` · ${amount(event.bytes)}`
      const ends = `${short(event.from)} → ${short(event.to)}`
      return `circuit ${event.action} · ${ends}${bytes}${because(event)}`
    }
    case 'registration':
      return `registration ${event.action} · ${short(event.peer)} · room ${event.room}${because(event)}`
    case 'connection': {
      const peer = event.peer === undefined ? '' : ` · ${short(event.peer)}`
      return `connection ${event.action} · ${event.host}${peer}${because(event)}`
    }
    case 'access':
      return event.action === 'granted'
        ? `secret proven · ${short(event.peer)}`
        : `secret refused · ${short(event.peer)}${because(event)}`
    case 'stream':
      return `stream ${event.action} · ${short(event.peer)} at ${event.host}${because(event)}`
    case 'meeting':
      return `meeting refused · ${short(event.peer)} · room ${event.room}${because(event)}`
    case 'report':
      return `report refused · ${short(event.peer)}${because(event)}`
    case 'dial-back':
      return `dial-back refused · ${short(event.peer)}${because(event)}`
    case 'draining':
      return `stopping: ${circuits(event.circuits)} still running, for up to ${event.seconds} s`
    case 'readiness':
      return event.ready
        ? 'self-check: a circuit through this relay carries bytes'
        : `NOT READY: ${event.reason ?? 'the self-check failed'}`
    case 'status':
      return `status page, health and metrics: ${event.url}`
    case 'rooms':
      return event.action === 'available'
        ? `rooms at ${event.place} are there again`
        : `rooms at ${event.place} cannot be used, so nobody can join a room; who is in one stays${because(event)}`
    case 'warning':
      return `warning: ${event.message}`
    case 'configuration':
    case 'error':
      return event.message
    case 'stopped':
      return 'stopped'
    case 'listening':
    default:
      return undefined
  }
}

/** True for what happens to every peer every now and then, and means nothing. */
export function isRoutine(event: RelayEvent): boolean {
  if (event.event === 'connection') return event.limit === 'idle-seconds'
  if (event.event === 'access') return event.action === 'granted'
  return event.event === 'reservation' && event.reason === 'renewed'
}

/** All ed25519 ids begin alike. */
const short = (peer: string): string => `…${peer.slice(-8)}`

const circuits = (count: number): string =>
  count === 1 ? 'one circuit is' : `${count} circuits are`

function because(why: Partial<Why>): string {
  const name = nameIn(why)
  return why.reason === undefined ? name : `: ${why.reason}${name}`
}

function nameIn({ limit, rule }: Partial<Why>): string {
  if (limit !== undefined) return ` (limit ${limit})`
  return rule === undefined ? '' : ` (rule ${rule})`
}

function amount(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`
  if (bytes < 1_000_000) return `${(bytes / 1000).toFixed(1)} kB`
  return `${(bytes / 1_000_000).toFixed(1)} MB`
}
