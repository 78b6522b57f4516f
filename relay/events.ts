// What the relay tells those who watch it: the objects that `--json` prints, one a line, with `at` added.
import type { AccessRule } from './access/access.ts'
import type { LimitName } from './limits.ts'

/**
 * Fields may be added, never renamed: scripts read them. Peers are peer ids. `limit` or `rule` is there when one was the reason;
 * refusals that one repeats for the same peer or host within seconds are told once, the next with how many more in its reason.
 */
export type RelayEvent =
  | { event: 'listening'; peerId: string; addresses: string[] }
  | {
      event: 'reservation'
      peer: string
      action: 'granted' | 'refused' | 'released'
      reason?: string
      limit?: LimitName
      rule?: AccessRule
    }
  | {
      event: 'circuit'
      from: string
      to: string
      action: 'opened' | 'refused' | 'closed'
      reason?: string
      limit?: LimitName
      rule?: AccessRule
      /** Both directions together. */
      bytes?: number
    }
  | {
      event: 'registration'
      peer: string
      room: string
      action: 'added' | 'refused' | 'removed' | 'expired'
      reason?: string
      limit?: LimitName
      rule?: AccessRule
    }
  | {
      event: 'connection'
      /** An IPv4 address, or the /64 of an IPv6 one. */
      host: string
      /** Missing when it is about where it comes from, and not about who it is. */
      peer?: string
      action: 'refused' | 'closed'
      reason: string
      limit?: LimitName
      rule?: AccessRule
    }
  /** A peer has proven a secret, or has not. */
  | {
      event: 'access'
      peer: string
      action: 'granted' | 'refused'
      reason?: string
      limit?: LimitName
      rule?: AccessRule
    }
  /** A stream that was reset before it was told what it was for, or because its time was up. */
  | {
      event: 'stream'
      peer: string
      host: string
      action: 'refused' | 'closed'
      reason: string
      limit?: LimitName
      rule?: AccessRule
    }
  /** Somebody is not told of a member in the instant in which it comes: the two find each other when they next ask. */
  | {
      event: 'meeting'
      /** Whose meetings are used up. */
      peer: string
      room: string
      action: 'refused'
      reason: string
      limit?: LimitName
      rule?: AccessRule
    }
  /** What a peer wanted to tell of its punches; what it could tell is in the metrics alone. */
  | {
      event: 'report'
      peer: string
      action: 'refused'
      reason: string
      limit?: LimitName
      rule?: AccessRule
    }
  /** A peer that asked to be dialled, to learn what its NAT does with strangers, and was not. */
  | {
      event: 'dial-back'
      peer: string
      action: 'refused'
      reason: string
      limit?: LimitName
      rule?: AccessRule
    }
  | { event: 'draining'; circuits: number; seconds: number }
  /** The self-check's verdict, when it changes; the reason says what failed. */
  | { event: 'readiness'; ready: boolean; reason?: string }
  /** Where the status page is. */
  | { event: 'status'; url: string }
  /** The store that several relays share. `place`: its URL without user and password. */
  | { event: 'rooms'; action: 'unavailable' | 'available'; place: string; reason?: string }
  /** What was read at the start, and what a reload has changed or not. */
  | { event: 'configuration'; message: string }
  /** Something that the operator should mend, and the relay goes on. */
  | { event: 'warning'; code: string; message: string }
  | { event: 'error'; code: string; message: string }
  | { event: 'stopped' }

export type RelayListener = (event: RelayEvent) => void
