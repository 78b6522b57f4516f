// Who is to be told of whom: members of one room that have subscribed, each pair once for each of their records.
// (pure: time is an argument)
import type { Access } from '../access/access.ts'
import type { RelayLimits, Usage } from '../limits.ts'
import type { VerifiedRecord } from '../rendezvous/room-store.ts'
import { perMinute, RateByKey } from '../token-bucket.ts'

/** Both are told of the other in the same instant, or neither is. */
export interface Introduction {
  room: string
  newcomer: Introduced
  member: Introduced
}

export interface Introduced {
  /** Peer id. */
  peer: string
  /** The signed envelope. */
  record: Uint8Array
}

interface Place {
  record: VerifiedRecord
  /** Others have been told of it. */
  told: boolean
}

type Limits = Readonly<Pick<RelayLimits, 'meetings-per-registration' | 'meeting-rate-per-peer'>>

/** Of no more than are registered and connected: both have limits of their own. */
export class Introductions {
  readonly #limits: Limits
  readonly #access: Pick<Access, 'refusesRoom'>
  readonly #rates = new RateByKey()
  /** Peer → rooms that it wants to be told of. */
  readonly #subscribed = new Map<string, ReadonlySet<string>>()
  /** Room → peer → what it has registered there; whoever came or changed last is at the end. */
  readonly #rooms = new Map<string, Map<string, Place>>()

  /** Both may change while it is in use. */
  constructor({ limits, access }: { limits: Limits; access: Pick<Access, 'refusesRoom'> }) {
    this.#limits = limits
    this.#access = access
  }

  /** Replaces what it has subscribed to before. */
  subscribe(peer: string, rooms: readonly string[], nowMs: number): Introduction[] {
    this.#subscribed.set(peer, new Set(rooms))
    return rooms.flatMap((room) => this.#introduce(peer, room, nowMs))
  }

  unsubscribe(peer: string): void {
    this.#subscribed.delete(peer)
  }

  /** It is registered, anew or as before. Of the two forms of one record the first counts. */
  registered(peer: string, room: string, record: VerifiedRecord, nowMs: number): Introduction[] {
    const places = this.#rooms.get(room) ?? new Map<string, Place>()
    if (places.get(peer)?.record.sequence === record.sequence) return []
    places.delete(peer)
    this.#rooms.set(room, places.set(peer, { record, told: false }))
    return this.#introduce(peer, room, nowMs)
  }

  removed(peer: string, room: string): void {
    const places = this.#rooms.get(room)
    places?.delete(peer)
    if (places?.size === 0) this.#rooms.delete(room)
  }

  usage(nowMs: number): Usage[] {
    const limit = 'meeting-rate-per-peer'
    const max = this.#limits[limit]
    return [{ limit, used: this.#rates.mostUsed(perMinute(max), nowMs), max }]
  }

  /** The last to come first: they are the likeliest to wait for somebody. */
  #introduce(peer: string, room: string, nowMs: number): Introduction[] {
    const places = this.#rooms.get(room)
    const own = places?.get(peer)
    if (places === undefined || own === undefined || own.told) return []
    if (!this.#mayBeTold(peer, room)) return []
    own.told = true
    const newcomer = { peer, record: own.record.bytes }
    const introductions: Introduction[] = []
    for (const [other, { record }] of [...places].toReversed()) {
      if (introductions.length >= this.#limits['meetings-per-registration']) break
      if (other === peer || !this.#mayBeTold(other, room)) continue
      if (!this.#takeMeeting(peer, other, nowMs)) continue
      introductions.push({ room, newcomer, member: { peer: other, record: record.bytes } })
    }
    return introductions
  }

  /** A registration may be older than the rules that are in force now. */
  #mayBeTold(peer: string, room: string): boolean {
    if (this.#subscribed.get(peer)?.has(room) !== true) return false
    return this.#access.refusesRoom(peer, room) === undefined
  }

  /** One from each; none from either when one of them has none left. */
  #takeMeeting(peer: string, other: string, nowMs: number): boolean {
    const flow = perMinute(this.#limits['meeting-rate-per-peer'])
    const both = [peer, other]
    if (!both.every((each) => this.#rates.has(each, flow, nowMs))) return false
    for (const each of both) this.#rates.tryTake(each, flow, nowMs)
    return true
  }
}
