// Who is to be told of whom: members of one room that have subscribed, each pair once for each of their records.
// (pure: time is an argument)
import type { RelayLimits } from '../limits.ts'
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
  readonly #rates = new RateByKey()
  /** Peer → rooms that it wants to be told of. */
  readonly #subscribed = new Map<string, ReadonlySet<string>>()
  /** Room → peer → what it has registered there; whoever came or changed last is at the end. */
  readonly #rooms = new Map<string, Map<string, Place>>()

  /** `limits` may change while it is in use. */
  constructor(limits: Limits) {
    this.#limits = limits
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

  /** The last to come first: they are the likeliest to wait for somebody. */
  #introduce(peer: string, room: string, nowMs: number): Introduction[] {
    const places = this.#rooms.get(room)
    const own = places?.get(peer)
    if (places === undefined || own === undefined || own.told) return []
    if (!this.#isSubscribed(peer, room)) return []
    own.told = true
    const newcomer = { peer, record: own.record.bytes }
    const introductions: Introduction[] = []
    for (const [other, { record }] of [...places].toReversed()) {
      if (introductions.length >= this.#limits['meetings-per-registration']) break
      if (other === peer || !this.#isSubscribed(other, room)) continue
      if (!this.#mayMeet(other, nowMs)) continue
      if (!this.#mayMeet(peer, nowMs)) break
      introductions.push({ room, newcomer, member: { peer: other, record: record.bytes } })
    }
    return introductions
  }

  #isSubscribed(peer: string, room: string): boolean {
    return this.#subscribed.get(peer)?.has(room) === true
  }

  #mayMeet(peer: string, nowMs: number): boolean {
    return this.#rates.tryTake(peer, perMinute(this.#limits['meeting-rate-per-peer']), nowMs)
  }
}
