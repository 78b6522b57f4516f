// Who is to be told of whom: members of one room that have subscribed, each pair once for each of their records.
// (pure: time is an argument)
import type { Access } from '../access/access.ts'
import type { LimitName, RelayLimits, Usage } from '../limits.ts'
import type { VerifiedRecord } from '../rendezvous/room-store.ts'
import { perMinute, RateByKey, type Flow } from '../token-bucket.ts'

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

/** Somebody is not told of others, or others not of it: they find each other by asking. */
export interface HeldBack {
  /** Peer id: whose meetings are used up. */
  peer: string
  room: string
  limit: LimitName
  reason: string
}

export interface Outcome {
  introductions: Introduction[]
  /**
   * Of the members who have met enough only the first: a full room would fill the log. And not what held back the same
   * peer when it registered last.
   */
  heldBack: HeldBack[]
}

interface Place {
  record: VerifiedRecord
  /** Others have been told of it. */
  told: boolean
  /** What held it back when others were told of it last: whose meetings were used up, and the limit. */
  heldBack: ReadonlySet<string>
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
  subscribe(peer: string, rooms: readonly string[], nowMs: number): Outcome {
    this.#subscribed.set(peer, new Set(rooms))
    const outcomes = rooms.map((room) => this.#introduce(peer, room, nowMs))
    return {
      introductions: outcomes.flatMap(({ introductions }) => introductions),
      heldBack: outcomes.flatMap(({ heldBack }) => heldBack)
    }
  }

  unsubscribe(peer: string): void {
    this.#subscribed.delete(peer)
  }

  /** It is registered, anew or as before. Of the two forms of one record the first counts. */
  registered(peer: string, room: string, record: VerifiedRecord, nowMs: number): Outcome {
    const places = this.#rooms.get(room) ?? new Map<string, Place>()
    const before = places.get(peer)
    if (before?.record.sequence === record.sequence) return NOTHING
    places.delete(peer)
    const heldBack = before?.heldBack ?? NOTHING_BEFORE
    this.#rooms.set(room, places.set(peer, { record, told: false, heldBack }))
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

  #introduce(peer: string, room: string, nowMs: number): Outcome {
    const own = this.#rooms.get(room)?.get(peer)
    if (own === undefined || own.told || !this.#mayBeTold(peer, room)) return NOTHING
    own.told = true
    const { introductions, heldBack } = this.#tellOf(peer, own, room, nowMs)
    const before = own.heldBack
    own.heldBack = heldBack.length === 0 ? NOTHING_BEFORE : new Set(heldBack.map(keyOf))
    return { introductions, heldBack: heldBack.filter((why) => !before.has(keyOf(why))) }
  }

  /** The last to come first: they are the likeliest to wait for somebody. */
  #tellOf(peer: string, own: Place, room: string, nowMs: number): Outcome {
    const newcomer = { peer, record: own.record.bytes }
    const introductions: Introduction[] = []
    const heldBack: HeldBack[] = []
    for (const [other, { record }] of [...(this.#rooms.get(room) ?? [])].toReversed()) {
      if (other === peer || !this.#mayBeTold(other, room)) continue
      const why = this.#tooMany(peer, introductions.length, nowMs)
      if (why !== undefined) return { introductions, heldBack: [...heldBack, { room, ...why }] }
      const busy = this.#tooOften(other, nowMs)
      if (busy === undefined) {
        for (const each of [peer, other]) this.#rates.tryTake(each, this.#flow, nowMs)
        introductions.push({ room, newcomer, member: { peer: other, record: record.bytes } })
      } else if (heldBack.length === 0) heldBack.push({ room, ...busy })
    }
    return { introductions, heldBack }
  }

  get #flow(): Flow {
    return perMinute(this.#limits['meeting-rate-per-peer'])
  }

  /** Of a newcomer, who has been told of so many. */
  #tooMany(peer: string, told: number, nowMs: number): Omit<HeldBack, 'room'> | undefined {
    const limit = 'meetings-per-registration'
    const max = this.#limits[limit]
    if (told < max) return this.#tooOften(peer, nowMs)
    return { peer, limit, reason: `more than ${max} others are in the room` }
  }

  #tooOften(peer: string, nowMs: number): Omit<HeldBack, 'room'> | undefined {
    if (this.#rates.has(peer, this.#flow, nowMs)) return undefined
    const limit = 'meeting-rate-per-peer'
    const reason = `the peer has been told of ${this.#limits[limit]} meetings within a minute`
    return { peer, limit, reason }
  }

  /** A registration may be older than the rules that are in force now. */
  #mayBeTold(peer: string, room: string): boolean {
    if (this.#subscribed.get(peer)?.has(room) !== true) return false
    return this.#access.refusesRoom(peer, room) === undefined
  }
}

const keyOf = ({ peer, limit }: HeldBack): string => `${peer} ${limit}`

/** One for all: there are as many places as registrations. */
const NOTHING_BEFORE: ReadonlySet<string> = new Set()

const NOTHING: Outcome = { introductions: [], heldBack: [] }
