// Who is registered in which room, until when, and what is new since a cookie. (pure: time is an argument)
import { DEFAULT_TTL_SECONDS, STATUS } from '../../shared/wire/rendezvous.ts'
import type { RecordForm } from '../../shared/signed-record.ts'
import { Counter } from '../counter.ts'
import { usageOf, type Usage } from '../limits.ts'
import { decodeCookie, encodeCookie, type Epoch } from './cookie.ts'
import {
  badNamespace,
  badTtl,
  DEFAULT_REGISTRY_SETTINGS,
  hostFull,
  NO_NAMESPACE,
  registryFull,
  type Refused,
  type RegistrySettings
} from './limits.ts'
import type {
  Discovered,
  Registered,
  Removal,
  RoomStore,
  ToDiscover,
  ToRegister,
  VerifiedRecord
} from './room-store.ts'

/** What a registration takes in a reply beside its name and record: tags, lengths, TTL. */
export const REPLY_OVERHEAD_BYTES = 24

export interface Registration {
  readonly peer: string
  readonly room: string
  readonly host: string
  /** Of the same sequence number: two forms of one record. */
  readonly records: ReadonlyMap<RecordForm, VerifiedRecord>
  readonly expiresAtMs: number
}

interface Entry extends Registration {
  /** Of the registry: grows with each change. */
  sequence: number
}

type Whose = Pick<ToRegister, 'peer' | 'room' | 'host'>

interface Room {
  /** By peer, in the order of their sequence numbers: a change moves its entry to the end. */
  entries: Map<string, Entry>
  /** The highest sequence number that any entry has had. */
  lastSequence: number
}

/** Peers are peer ids as text, rooms are namespaces as they stand. */
export class Registry implements RoomStore {
  readonly problem = undefined
  readonly #epoch: Epoch
  readonly #settings: RegistrySettings
  readonly #byHost = new Counter()
  readonly #rooms = new Map<string, Room>()
  /** Entries by peer and room. */
  readonly #peers = new Map<string, Map<string, Entry>>()
  /** Registered peers without a connection, and since when. */
  readonly #gone = new Map<string, number>()
  #sequence = 0
  #size = 0

  constructor(epoch: Epoch, settings: Partial<RegistrySettings> = {}) {
    this.#epoch = epoch
    this.#settings = { ...DEFAULT_REGISTRY_SETTINGS, ...settings }
  }

  get size(): number {
    return this.#size
  }

  get rooms(): number {
    return this.#rooms.size
  }

  has(peer: string, room: string): boolean {
    return this.#peers.get(peer)?.has(room) === true
  }

  isRegistered(peer: string): boolean {
    return this.#peers.has(peer)
  }

  /** Of everybody, for those who have to tell another store of them. */
  *registrations(): Iterable<Registration> {
    for (const rooms of this.#peers.values()) yield* rooms.values()
  }

  usage(): Usage[] {
    let mostOfPeer = 0
    for (const rooms of this.#peers.values()) mostOfPeer = Math.max(mostOfPeer, rooms.size)
    let mostInRoom = 0
    for (const { entries } of this.#rooms.values()) mostInRoom = Math.max(mostInRoom, entries.size)
    const used = {
      registrations: this.#size,
      'registrations-per-peer': mostOfPeer,
      'registrations-per-host': this.#byHost.most,
      'registrations-per-room': mostInRoom
    }
    return usageOf(used, this.#settings.limits)
  }

  register(request: ToRegister, nowMs: number): Registered | Refused {
    const { peer, room, host, record, ttlSeconds = DEFAULT_TTL_SECONDS } = request
    const earlier = this.#rooms.get(room)?.entries.get(peer)
    const refused =
      badNamespace(room) ?? badTtl(ttlSeconds) ?? this.hostRefusal(request) ?? this.#full(request)
    if (refused !== undefined) return refused

    const records = new Map([[record.form, record]])
    for (const other of earlier?.records.values() ?? []) {
      if (other.form !== record.form && other.sequence === record.sequence) {
        records.set(other.form, other)
      }
    }
    if (earlier !== undefined) this.#remove(earlier)
    this.#add({
      peer,
      room,
      host,
      records,
      expiresAtMs: nowMs + ttlSeconds * 1000,
      sequence: ++this.#sequence
    })
    return { status: STATUS.ok, ttlSeconds, added: earlier === undefined }
  }

  /** True when there was something to remove. */
  unregister(peer: string, room: string): boolean {
    const entry = this.#rooms.get(room)?.entries.get(peer)
    if (entry !== undefined) this.#remove(entry)
    return entry !== undefined
  }

  /** What is new or changed in a room since the cookie, oldest first; the reply's cookie resumes after it. */
  discover(request: ToDiscover, nowMs: number): Discovered | Refused {
    const { peer, room, cookie } = request
    if (room === undefined || room === '') return NO_NAMESPACE
    const refused = badNamespace(room)
    if (refused !== undefined) return refused
    const since = cookie === undefined ? 0 : decodeCookie(cookie, this.#epoch, room)
    if (since === undefined || since > this.#sequence) {
      return { status: STATUS.invalidCookie, reason: 'the cookie is not of this room and server' }
    }

    const registrations: Discovered['registrations'] = []
    const maxCount = Math.min(request.limit || Infinity, this.#settings.maxPerReply)
    const forms = this.formsReadBy(peer)
    let resumeAfter = this.#sequence
    let bytes = 0
    for (const entry of this.#since(room, since)) {
      const record = pick(entry.records, forms)
      if (record === undefined || entry.expiresAtMs <= nowMs) continue
      bytes += record.bytes.byteLength + room.length * 3 + REPLY_OVERHEAD_BYTES
      const fits = registrations.length === 0 || bytes <= this.#settings.maxReplyBytes
      if (!fits || registrations.length >= maxCount) {
        resumeAfter = entry.sequence - 1
        break
      }
      const ttlSeconds = Math.ceil((entry.expiresAtMs - nowMs) / 1000)
      registrations.push({ room, record: record.bytes, ttlSeconds })
    }
    return {
      status: STATUS.ok,
      registrations,
      cookie: encodeCookie(this.#epoch, resumeAfter, room)
    }
  }

  /** The peer's last connection has closed: its registrations go when it is not back within the grace period. */
  peerGone(peer: string, nowMs: number): void {
    if (this.#peers.has(peer) && !this.#gone.has(peer)) this.#gone.set(peer, nowMs)
  }

  peerBack(peer: string): void {
    this.#gone.delete(peer)
  }

  /** Removes what has expired and what belongs to peers that have been gone for too long. */
  sweep(nowMs: number): Removal[] {
    const removals: Removal[] = []
    const drop = (entry: Entry, action: Removal['action'], reason: string): void => {
      this.#remove(entry)
      removals.push({ peer: entry.peer, room: entry.room, action, reason })
    }
    for (const [peer, sinceMs] of this.#gone) {
      if (nowMs - sinceMs < this.#settings.graceMs) continue
      const reason = `disconnected for ${Math.round((nowMs - sinceMs) / 1000)} s`
      this.#peers.get(peer)?.forEach((entry) => drop(entry, 'removed', reason))
    }
    for (const rooms of this.#peers.values()) {
      for (const entry of rooms.values()) {
        if (entry.expiresAtMs <= nowMs) drop(entry, 'expired', 'not renewed before its TTL ended')
      }
    }
    return removals
  }

  /** Why a registration from that host would be one too many of it. */
  hostRefusal({ peer, room, host }: Whose): Refused | undefined {
    const earlier = this.#rooms.get(room)?.entries.get(peer)
    if (earlier?.host === host) return undefined
    return hostFull(this.#byHost.of(host), this.#settings.limits)
  }

  #full({ peer, room }: Whose): Refused | undefined {
    if (this.has(peer, room)) return undefined
    const taken = {
      ofPeer: this.#peers.get(peer)?.size ?? 0,
      inRoom: this.#rooms.get(room)?.entries.size ?? 0,
      all: this.#size
    }
    return registryFull(taken, this.#settings.limits)
  }

  /**
   * The forms that a peer can read, best first, judged by those it registers with. A client that registers in one
   * form gets nothing in the other: rust-libp2p drops the whole reply for one such record. Of a client that never
   * registered nothing is known; the rust form first, as rust's is the client that cannot skip what it cannot read.
   */
  formsReadBy(peer: string): RecordForm[] {
    const forms = new Set<RecordForm>()
    for (const entry of this.#peers.get(peer)?.values() ?? []) {
      for (const form of entry.records.keys()) forms.add(form)
    }
    if (forms.size === 1) return [...forms]
    return forms.size === 0 ? ['rust', 'standard'] : ['standard', 'rust']
  }

  /** Most polls find nothing new: they cost one comparison. */
  #since(name: string, sequence: number): Entry[] {
    const room = this.#rooms.get(name)
    if (room === undefined || room.lastSequence <= sequence) return []
    return [...room.entries.values()].filter((each) => each.sequence > sequence)
  }

  #add(entry: Entry): void {
    const room = this.#rooms.get(entry.room) ?? { entries: new Map(), lastSequence: 0 }
    room.entries.set(entry.peer, entry)
    room.lastSequence = entry.sequence
    this.#rooms.set(entry.room, room)
    const rooms = this.#peers.get(entry.peer) ?? new Map<string, Entry>()
    this.#peers.set(entry.peer, rooms.set(entry.room, entry))
    this.#size++
    this.#byHost.add(entry.host)
  }

  /** Leaves a peer's absence alone while it has other registrations. */
  #remove(entry: Entry): void {
    const room = this.#rooms.get(entry.room)
    room?.entries.delete(entry.peer)
    if (room?.entries.size === 0) this.#rooms.delete(entry.room)
    const rooms = this.#peers.get(entry.peer)
    rooms?.delete(entry.room)
    if (rooms?.size === 0) {
      this.#peers.delete(entry.peer)
      this.#gone.delete(entry.peer)
    }
    this.#size--
    this.#byHost.remove(entry.host)
  }
}

function pick(records: Entry['records'], forms: RecordForm[]): VerifiedRecord | undefined {
  const form = forms.find((each) => records.has(each))
  return form === undefined ? undefined : records.get(form)
}
