// What the rendezvous server takes: numbers with their reasons, and the checks of a single request. (pure)
import {
  MAX_NAMESPACE_BYTES,
  MAX_REGISTRATIONS_PER_REPLY,
  MAX_TTL_SECONDS,
  MIN_TTL_SECONDS,
  STATUS,
  type RendezvousStatus
} from '../../shared/wire/rendezvous.ts'
import { DEFAULT_LIMITS, type RelayLimits } from '../limits.ts'
import type { Why } from '../why.ts'

export interface RegistrySettings {
  limits: Readonly<RelayLimits>
  maxPerReply: number
  /** A reply stays under it, unless its first registration alone does not. */
  maxReplyBytes: number
  /** How long a peer may be away before its registrations go: a change of network takes a few seconds. */
  graceMs: number
}

export const DEFAULT_REGISTRY_SETTINGS: RegistrySettings = {
  limits: DEFAULT_LIMITS,
  maxPerReply: MAX_REGISTRATIONS_PER_REPLY,
  // A quarter of what rust-libp2p reads, and one window of yamux.
  maxReplyBytes: 256 * 1024,
  graceMs: 5000
}

export interface Refused extends Why {
  status: Exclude<RendezvousStatus, typeof STATUS.ok>
}

/** The names of rooms are known to those who were told: nobody gets a list of them, though the protocol has one. */
export const NO_NAMESPACE: Refused = {
  status: STATUS.notAuthorized,
  reason: 'name the room: this server does not list them'
}

export function badNamespace(room: string): Refused | undefined {
  if (room !== '' && Buffer.byteLength(room, 'utf8') <= MAX_NAMESPACE_BYTES) return undefined
  const reason =
    room === '' ? 'no namespace' : `a namespace of more than ${MAX_NAMESPACE_BYTES} bytes`
  return { status: STATUS.invalidNamespace, reason }
}

export function badTtl(ttlSeconds: number): Refused | undefined {
  if (ttlSeconds >= MIN_TTL_SECONDS && ttlSeconds <= MAX_TTL_SECONDS) return undefined
  const reason = `a TTL of ${ttlSeconds} s; ${MIN_TTL_SECONDS} to ${MAX_TTL_SECONDS} s are granted`
  return { status: STATUS.invalidTtl, reason }
}

/** Registrations that there are, of those that a new one would be counted with. */
export interface Taken {
  ofPeer: number
  inRoom: number
  all: number
}

/** For a registration that its host does not have yet. */
export function hostFull(ofHost: number, limits: Readonly<RelayLimits>): Refused | undefined {
  const max = limits['registrations-per-host']
  if (ofHost < max) return undefined
  const reason = `your address has ${max} registrations already`
  return { status: STATUS.unavailable, reason, limit: 'registrations-per-host' }
}

export function perPeerFull(limits: Readonly<RelayLimits>): Refused {
  const reason = `a peer may be registered in ${limits['registrations-per-peer']} rooms`
  return { status: STATUS.notAuthorized, reason, limit: 'registrations-per-peer' }
}

export const ROOM_FULL: Refused = {
  status: STATUS.unavailable,
  reason: 'the room is full',
  limit: 'registrations-per-room'
}

export const REGISTRY_FULL: Refused = {
  status: STATUS.unavailable,
  reason: 'no room for more registrations',
  limit: 'registrations'
}

/** For a registration that there is not yet. */
export function registryFull(taken: Taken, limits: Readonly<RelayLimits>): Refused | undefined {
  if (taken.ofPeer >= limits['registrations-per-peer']) return perPeerFull(limits)
  if (taken.inRoom >= limits['registrations-per-room']) return ROOM_FULL
  return taken.all >= limits.registrations ? REGISTRY_FULL : undefined
}
