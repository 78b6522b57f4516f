// Keeps this peer registered in a room at its relay, and tells who else is there, who comes and who goes.
import type { PeerId, PrivateKey } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { deadline } from '../../shared/deadline.ts'
import type { Leaving } from '../../shared/wire/meeting.ts'
import { STATUS } from '../../shared/wire/rendezvous.ts'
import { rendezvousChannel, type RendezvousChannel } from './channel.ts'
import {
  MeetingSubscription,
  type ListeningConnection,
  type Subscriptions
} from './meeting-subscription.ts'
import { OwnRegistration } from './own-registration.ts'
import { DEFAULT_PACE, nextRoundMs, retryMs, type Pace } from './pace.ts'
import {
  discover,
  RefusedError,
  unregister,
  type FoundPeer,
  type Listing
} from './rendezvous-client.ts'
import { Roster } from './roster.ts'

export interface DiscoveryConfig {
  /** The connection to the relay, or undefined while there is none; asked before every round. */
  relay: () => ListeningConnection | undefined
  /** Passed `checkRoom`. */
  room: string
  privateKey: PrivateKey
  /** Those to be reached at, best first; the first 16 are registered. */
  addresses: () => Multiaddr[]
  /** Someone is new in the room, or has registered again: perhaps with other addresses, perhaps after leaving. */
  onPeer: (peer: PeerId, addresses: Multiaddr[]) => void
  /** They are told of us in this instant, as we are of them. Before `onPeer`. Absent: the relay is not asked to. */
  onMeet?: ((found: FoundPeer) => void) | undefined
  /** The relay at the other end of that connection is about to stop. */
  onLeaving?: ((connection: ListeningConnection, leaving: Leaving) => void) | undefined
  /** At which relays this peer is told so, whichever of its discoveries is. */
  subscriptions?: Subscriptions
  /** A listing of the whole room has them, new or not: every 15 s or so. */
  onStill?: (peer: PeerId, addresses: Multiaddr[]) => void
  /** Someone is no longer registered. They may still be connected: the relay only knows who is connected to it. */
  onGone: (peer: PeerId) => void
  /** Once for each time that rounds begin to fail. */
  onError: (error: Error) => void
  /** Once for each time that rounds begin to succeed: registered, and whoever is there told to `onPeer`. */
  onRound?: () => void
  pace?: Partial<Pace>
  /** After a connection to the relay, until missing means gone: after its restart, the others are on their way. */
  settleMs?: number
  /** Monotonic milliseconds. */
  nowMs?: () => number
}

export interface RoomDiscovery extends AsyncDisposable {
  /** Settles with the first round: registered, and whoever is there already told to `onPeer`. */
  readonly firstRound: Promise<void>
  /** That connection is about to be the one: what it takes to ask there is opened. */
  prepare(connection: ListeningConnection): void
  /** Something has changed (addresses, the connection to the relay): the next round comes at once. */
  refresh(): void
}

const DEFAULT_SETTLE_MS = 15_000

/** A room of a thousand takes ten; a server that never ends is not followed. */
const MAX_PAGES = 50

const PARTING_DEADLINE_MS = 1000

/** Starts at once. Disposing unregisters, if the relay is still there to be told. */
export function startDiscovery(
  config: DiscoveryConfig,
  options: { signal: AbortSignal }
): RoomDiscovery {
  return new RoomWatch(config, options.signal)
}

class RoomWatch implements RoomDiscovery {
  readonly #config: DiscoveryConfig
  readonly #pace: Pace
  readonly #nowMs: () => number
  readonly #self: string
  readonly #own: OwnRegistration
  readonly #roster = new Roster()
  readonly #meetings: MeetingSubscription
  readonly #stop = new AbortController()
  readonly #signal: AbortSignal
  readonly #first = Promise.withResolvers<void>()
  readonly #running: Promise<void>
  #channel: RendezvousChannel | undefined
  #connectedAtMs = 0
  #cookie: Uint8Array | undefined
  #nextFullAtMs = 0
  #quietRounds = 0
  #failures = 0
  #succeeds = false
  #poked = false
  #wake: (() => void) | undefined

  constructor(config: DiscoveryConfig, signal: AbortSignal) {
    this.#config = config
    this.#pace = { ...DEFAULT_PACE, ...config.pace }
    this.#nowMs = config.nowMs ?? (() => performance.now())
    this.#self = peerIdFromPrivateKey(config.privateKey).toString()
    this.#own = new OwnRegistration({ ...config, nowMs: this.#nowMs })
    this.#signal = AbortSignal.any([signal, this.#stop.signal])
    const { room, onLeaving, subscriptions = new Map() } = config
    const onMeet = config.onMeet && ((found: FoundPeer): void => this.#met(found))
    const listening = { room, subscriptions, onMeet, onLeaving }
    this.#meetings = new MeetingSubscription(listening, this.#signal)
    this.#signal.addEventListener('abort', () => this.#wake?.(), { once: true })
    this.#first.promise.catch(() => undefined)
    this.#running = this.#run()
  }

  get firstRound(): Promise<void> {
    return this.#first.promise
  }

  prepare(connection: ListeningConnection): void {
    this.#channelOver(connection)
      .open({ signal: this.#signal })
      .catch(() => undefined) // whoever asks hears of it
  }

  refresh(): void {
    this.#poked = true
    this.#wake?.()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Error('discovery stops'))
    await this.#running
    const channel = this.#channel
    this.#channel = undefined
    if (channel?.connection.status !== 'open') return
    using limit = deadline(new AbortController().signal, PARTING_DEADLINE_MS, 'no time to part')
    await unregister(channel, { room: this.#config.room, signal: limit.signal }).catch(
      () => undefined
    )
    await channel[Symbol.asyncDispose]()
  }

  async #run(): Promise<void> {
    while (!this.#signal.aborted) {
      this.#poked = false
      const connection = this.#config.relay()
      const isUp = connection?.status === 'open'
      await this.#pause(isUp ? await this.#round(connection) : this.#pace.intervalMs)
    }
    this.#first.reject(this.#signal.reason)
  }

  /** Returns the milliseconds until the next one. Never rejects. */
  async #round(connection: ListeningConnection): Promise<number> {
    try {
      const somethingNew = await this.#exchange(this.#channelOver(connection))
      this.#quietRounds = somethingNew ? 0 : this.#quietRounds + 1
      if (!this.#succeeds) this.#config.onRound?.()
      this.#succeeds = true
      this.#failures = 0
      this.#first.resolve()
      return nextRoundMs(this.#pace, this.#quietRounds)
    } catch (cause) {
      const error = cause instanceof Error ? cause : new Error(String(cause))
      this.#first.reject(error)
      this.#succeeds = false
      this.#failures++
      if (this.#failures === 1 && !this.#signal.aborted) this.#config.onError(error)
      return retryMs(this.#pace, this.#failures)
    }
  }

  #channelOver(connection: ListeningConnection): RendezvousChannel {
    if (this.#channel?.connection === connection) return this.#channel
    void this.#channel?.[Symbol.asyncDispose]()
    this.#connectedAtMs = this.#nowMs()
    this.#cookie = undefined
    this.#channel = rendezvousChannel(connection)
    void this.#meetings.listen(connection)
    return this.#channel
  }

  /** Registers if due and lists, in one round trip where the relay takes both on one stream. */
  async #exchange(channel: RendezvousChannel): Promise<boolean> {
    const isDue = this.#own.isDue(channel)
    const register = isDue ? await this.#own.prepare(channel, this.#signal) : undefined
    const [registered, listed] = await Promise.allSettled([register?.(), this.#list(channel)])
    if (registered.status === 'rejected') throw registered.reason
    if (listed.status === 'rejected') throw listed.reason
    return listed.value
  }

  async #list(channel: RendezvousChannel): Promise<boolean> {
    const isFull = this.#cookie === undefined || this.#nowMs() >= this.#nextFullAtMs
    if (isFull) return this.#listAll(channel)
    try {
      return (await this.#listPages(channel, this.#cookie)).changed
    } catch (error) {
      if (!(error instanceof RefusedError) || error.status !== STATUS.invalidCookie) throw error
      return this.#listAll(channel)
    }
  }

  async #listAll(channel: RendezvousChannel): Promise<boolean> {
    const { present, complete, changed } = await this.#listPages(channel, undefined)
    this.#nextFullAtMs = this.#nowMs() + this.#pace.fullIntervalMs
    if (!complete) return changed
    if (!present.has(this.#self)) this.#own.forget()
    for (const each of this.#roster.known(present))
      this.#config.onStill?.(each.peer, each.addresses)
    const settleMs = this.#config.settleMs ?? DEFAULT_SETTLE_MS
    if (this.#nowMs() - this.#connectedAtMs < settleMs) return changed
    const gone = this.#roster.retain(present)
    for (const peer of gone) this.#config.onGone(peer)
    return changed || gone.length > 0
  }

  /** Follows the cookies until the server has no more, telling of each page as it comes. */
  async #listPages(
    channel: RendezvousChannel,
    cookie: Uint8Array | undefined
  ): Promise<{ present: Set<string>; complete: boolean; changed: boolean }> {
    const { room } = this.#config
    const present = new Set<string>()
    let changed = false
    let complete = false
    let next = cookie
    for (let page = 0; page < MAX_PAGES && !complete; page++) {
      const listing = await discover(channel, { room, cookie: next, signal: this.#signal })
      for (const each of listing.found) present.add(each.peer.toString())
      changed = this.#tell(listing) || changed
      next = listing.cookie
      complete = !listing.maybeCut || next === undefined
    }
    this.#cookie = next
    return { present, complete, changed }
  }

  /** What is due at once comes first; the other side has been told as well. */
  #met(found: FoundPeer): void {
    if (found.peer.toString() === this.#self || this.#roster.isOlder(found)) return
    this.#config.onMeet?.(found)
    setImmediate(() => {
      if (!this.#signal.aborted) this.#tellOf([found])
    })
  }

  #tell({ found }: Listing): boolean {
    return this.#tellOf(found.filter((each) => each.peer.toString() !== this.#self))
  }

  /** True when there is something new in it. */
  #tellOf(others: FoundPeer[]): boolean {
    const news = this.#roster.update(others)
    for (const each of news) this.#config.onPeer(each.peer, each.addresses)
    return news.length > 0
  }

  async #pause(ms: number): Promise<void> {
    if (this.#poked || this.#signal.aborted) return
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, ms)
    this.#wake = resolve
    await promise
    clearTimeout(timer)
    this.#wake = undefined
  }
}
