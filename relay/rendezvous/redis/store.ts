// Who is in which room, kept in a Redis or Valkey server that several relays share. What was registered at this relay
// it also holds itself: to end it when its peer goes, and to register it anew when Redis comes back with other data.
//
// While Redis is away everything is refused with E_UNAVAILABLE, and not answered from what this relay holds: clients
// take a complete listing as the truth, so half a room would be told that the other half had left. So whoever is in a
// room keeps its members, conversations and circuits; newcomers wait, and are in within 16 s of its return.
import { DEFAULT_TTL_SECONDS, MAX_RECORD_BYTES, STATUS } from '../../../shared/wire/rendezvous.ts'
import type { Usage } from '../../limits.ts'
import { decodeCookie, encodeCookie } from '../cookie.ts'
import {
  badNamespace,
  badTtl,
  DEFAULT_REGISTRY_SETTINGS,
  NO_NAMESPACE,
  type Refused,
  type RegistrySettings
} from '../limits.ts'
import { Registry, REPLY_OVERHEAD_BYTES } from '../registry.ts'
import type {
  Discovered,
  Registered,
  Removal,
  RoomStore,
  ToDiscover,
  ToRegister
} from '../room-store.ts'
import { REDIS_TIMES, RedisLink, type Holding, type RedisTimes } from './link.ts'
import { foundOf, full, sequenceOf, textOf, UNAVAILABLE, WRONG_COOKIE } from './replies.ts'
import { DISCOVER, REGISTER, RELEASE } from './scripts.ts'
import type { Argument } from './session.ts'
import { roomsPlace } from './url.ts'

export interface RedisStoreConfig {
  url: string
  /** Once for each time that Redis goes away or cannot be used. */
  onAway: (reason: string) => void
  /** Once for each time that it is there again. */
  onBack: () => void
  settings?: Partial<RegistrySettings>
  times?: Partial<RedisTimes>
  /** Monotonic milliseconds. */
  nowMs?: () => number
}

/** At once, when all is registered anew. */
const REGISTERED_AT_ONCE = 50

/** Connects, and connects again, until disposed. Does not wait for Redis: a relay without it relays all the same. */
export class RedisStore implements RoomStore, AsyncDisposable {
  readonly #settings: RegistrySettings
  readonly #nowMs: () => number
  /** What was registered here; its cookies are never used. */
  readonly #held: Registry
  readonly #link: RedisLink
  readonly #place: string

  constructor(config: RedisStoreConfig, options: { signal: AbortSignal }) {
    this.#settings = { ...DEFAULT_REGISTRY_SETTINGS, ...config.settings }
    this.#nowMs = config.nowMs ?? (() => performance.now())
    this.#place = roomsPlace(config.url)
    this.#held = new Registry(0, config.settings)
    const times = { ...REDIS_TIMES, ...config.times }
    const registerAnew = async (holding: Holding): Promise<void> => this.#registerAnew(holding)
    this.#link = new RedisLink({ ...config, times, nowMs: this.#nowMs, registerAnew }, options)
  }

  /** Resolves when Redis has been reached, or the first try has failed. */
  get tried(): Promise<void> {
    return this.#link.tried
  }

  get size(): number {
    return this.#held.size
  }

  get rooms(): number {
    return this.#held.rooms
  }

  isRegistered(peer: string): boolean {
    return this.#held.isRegistered(peer)
  }

  get problem(): string | undefined {
    const { problem } = this.#link
    return problem && `rooms at ${this.#place} cannot be used: ${problem}`
  }

  /** Until the next beat what was registered here may be more. */
  usage(): Usage[] {
    const { registrations = 0 } = this.#link
    return this.#held
      .usage()
      .map((usage) =>
        usage.limit === 'registrations'
          ? { ...usage, used: Math.max(usage.used, registrations) }
          : usage
      )
  }

  /** What is registered stays until the lease ends: a relay that restarts has its peers back by then. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#link[Symbol.asyncDispose]()
  }

  async register(request: ToRegister, nowMs: number): Promise<Registered | Refused> {
    const ttlSeconds = request.ttlSeconds ?? DEFAULT_TTL_SECONDS
    const refused =
      badNamespace(request.room) ?? badTtl(ttlSeconds) ?? this.#held.hostRefusal(request)
    if (refused !== undefined) return refused
    const { serving } = this.#link
    if (serving === undefined) return UNAVAILABLE
    const answer = await this.#link.run(
      serving,
      REGISTER,
      this.#toRegister(request, ttlSeconds * 1000)
    )
    if (answer === undefined) return UNAVAILABLE
    const word = textOf(answer[0])
    if (word !== 'added' && word !== 'renewed') return full(word, this.#settings.limits)
    const held = this.#held.register({ ...request, ttlSeconds }, nowMs)
    if (held.status !== STATUS.ok) {
      await this.#release([`${request.peer} ${request.room}`])
      return held
    }
    // Redis came back meanwhile, or lost its data: this one may have missed being registered anew.
    if (serving !== this.#link.serving) return UNAVAILABLE
    return { status: STATUS.ok, ttlSeconds, added: word === 'added' }
  }

  async unregister(peer: string, room: string): Promise<boolean> {
    const had = this.#held.unregister(peer, room)
    if (had) await this.#release([`${peer} ${room}`])
    return had
  }

  async discover(request: ToDiscover): Promise<Discovered | Refused> {
    const { peer, room, cookie } = request
    if (room === undefined || room === '') return NO_NAMESPACE
    const refused = badNamespace(room)
    if (refused !== undefined) return refused
    const { serving } = this.#link
    if (serving === undefined) return UNAVAILABLE
    const since = cookie === undefined ? 0 : decodeCookie(cookie, serving.epoch, room)
    if (since === undefined) return WRONG_COOKIE
    const answer = await this.#link.run(serving, DISCOVER, [
      room,
      String(since),
      String(Math.min(request.limit || Infinity, this.#settings.maxPerReply)),
      String(this.#settings.maxReplyBytes),
      String(room.length * 3 + REPLY_OVERHEAD_BYTES),
      String(this.#settings.limits['registrations-per-room']),
      String(MAX_RECORD_BYTES),
      ...this.#held.formsReadBy(peer)
    ])
    if (answer === undefined) return UNAVAILABLE
    if (textOf(answer[0]) === 'cookie') return WRONG_COOKIE
    const resumeAfter = sequenceOf(answer[1])
    if (resumeAfter === undefined) return UNAVAILABLE
    const registrations = foundOf(room, answer.slice(2))
    const next = encodeCookie(serving.epoch, resumeAfter, room)
    return { status: STATUS.ok, registrations, cookie: next }
  }

  peerGone(peer: string, nowMs: number): void {
    this.#held.peerGone(peer, nowMs)
  }

  peerBack(peer: string): void {
    this.#held.peerBack(peer)
  }

  sweep(nowMs: number): Removal[] {
    const removals = this.#held.sweep(nowMs)
    const members = removals.map(({ peer, room }) => `${peer} ${room}`)
    if (members.length > 0) void this.#release(members)
    return removals
  }

  #toRegister(
    { peer, room, record }: Pick<ToRegister, 'peer' | 'room' | 'record'>,
    ttlMs: number
  ): Argument[] {
    const { form, sequence, bytes } = record
    const { limits } = this.#settings
    const names = ['registrations-per-peer', 'registrations-per-room', 'registrations'] as const
    const most = names.map((name) => String(limits[name]))
    return [peer, room, form, String(sequence), bytes, String(Math.ceil(ttlMs)), ...most]
  }

  /** Never rejects. Also while all is being registered anew. Without a connection the lease sees to it. */
  async #release(members: string[]): Promise<void> {
    const { holding } = this.#link
    if (holding !== undefined) await this.#link.run(holding, RELEASE, members)
  }

  async #registerAnew(holding: Holding): Promise<void> {
    const all = [...this.#held.registrations()]
    const nowMs = this.#nowMs()
    for (let i = 0; i < all.length; i += REGISTERED_AT_ONCE) {
      const some = all.slice(i, i + REGISTERED_AT_ONCE)
      await Promise.all(
        some.flatMap(({ peer, room, records, expiresAtMs }) =>
          [...records.values()].map(async (record) => {
            if (expiresAtMs <= nowMs || !this.#held.has(peer, room)) return
            const args = this.#toRegister({ peer, room, record }, expiresAtMs - nowMs)
            await this.#link.run(holding, REGISTER, args)
          })
        )
      )
      holding.session.ended.throwIfAborted()
    }
  }
}
