// Where a rendezvous server keeps who is in which room: `Registry`, this process's memory, or `RedisStore`, which the
// relays of one operator share, so that peers of different relays find each other. (pure)
import type { RecordForm } from '../../shared/signed-record.ts'
import type { STATUS } from '../../shared/wire/rendezvous.ts'
import type { Usage } from '../limits.ts'
import type { Refused } from './limits.ts'

/** A verified record: the caller has checked that the peer signed it. */
export interface VerifiedRecord {
  form: RecordForm
  /** The record's own sequence number. */
  sequence: number
  bytes: Uint8Array
}

export interface ToRegister {
  peer: string
  room: string
  /** Where the peer asks from; a renewal from another one moves it there. */
  host: string
  record: VerifiedRecord
  /** Absent: the default. */
  ttlSeconds: number | undefined
}

export interface Registered {
  status: typeof STATUS.ok
  ttlSeconds: number
  /** False when it renewed or changed an earlier registration. */
  added: boolean
}

export interface ToDiscover {
  /** Who asks: gets records in the forms that it registers with. */
  peer: string
  room: string | undefined
  cookie: Uint8Array | undefined
  limit: number | undefined
}

export interface Discovered {
  status: typeof STATUS.ok
  registrations: Array<{ room: string; record: Uint8Array; ttlSeconds: number }>
  cookie: Uint8Array
}

export interface Removal {
  peer: string
  room: string
  action: 'removed' | 'expired'
  reason: string
}

/** What is known at once need not wait: the registry in memory answers without a promise. */
export type Awaitable<T> = T | Promise<T>

/**
 * The same for all: TTLs of 2 to 72 h, limits per peer, host, room and in all, order by the last change, cookies that the
 * store has made and nobody else. `nowMs` is the server's monotonic clock. What a store cannot do it refuses; nothing
 * here throws or rejects. Peers are peer ids as text, rooms are namespaces as they stand.
 */
export interface RoomStore {
  /** Registrations that were made here: at this relay. */
  readonly size: number
  /** Rooms that have such registrations. */
  readonly rooms: number
  /** The peer has a registration that was made here. */
  isRegistered(peer: string): boolean
  /** Why nothing can be registered or asked for at the moment, as a sentence; undefined when it can. */
  readonly problem: string | undefined
  /** How full the limits on registrations are: with those of all relays that share them in all, else with those that were made here. */
  usage(): Usage[]
  register(request: ToRegister, nowMs: number): Awaitable<Registered | Refused>
  /** True when there was something to remove. */
  unregister(peer: string, room: string): Awaitable<boolean>
  /** What is new or changed in a room since the cookie, oldest first; the reply's cookie resumes after it. */
  discover(request: ToDiscover, nowMs: number): Awaitable<Discovered | Refused>
  /** The peer's last connection here has closed: what it registered here goes when it is not back in time. */
  peerGone(peer: string, nowMs: number): void
  peerBack(peer: string): void
  /** Removes what has expired and what belongs to peers that have been gone for too long. */
  sweep(nowMs: number): Removal[]
}
