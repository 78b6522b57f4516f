// What the rendezvous server takes: numbers with their reasons, and the checks of a single request. (pure)
import {
  MAX_NAMESPACE_BYTES,
  MAX_REGISTRATIONS_PER_REPLY,
  MAX_TTL_SECONDS,
  MIN_TTL_SECONDS,
  STATUS,
  type RendezvousStatus
} from '../../shared/wire/rendezvous.ts'

export interface RegistryLimits {
  maxRegistrations: number
  /** 32 is also what rust-libp2p and go take from one peer, at most. */
  maxRegistrationsPerPeer: number
  maxRegistrationsPerRoom: number
  maxPerReply: number
  /** A reply stays under it, unless its first registration alone does not. */
  maxReplyBytes: number
  /** How long a peer may be away before its registrations go: a change of network takes a few seconds. */
  graceMs: number
}

export const DEFAULT_REGISTRY_LIMITS: RegistryLimits = {
  maxRegistrations: 10_000,
  maxRegistrationsPerPeer: 32,
  maxRegistrationsPerRoom: 1000,
  maxPerReply: MAX_REGISTRATIONS_PER_REPLY,
  // A quarter of what rust-libp2p reads, and one window of yamux.
  maxReplyBytes: 256 * 1024,
  graceMs: 5000
}

export interface Refused {
  status: Exclude<RendezvousStatus, typeof STATUS.ok>
  reason: string
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
