// What a rendezvous server answers to each request, and the events that come of it.
import type { PeerId } from '@libp2p/interface'
import { openRecord } from '../../shared/signed-record.ts'
import {
  STATUS,
  type DiscoverRequest,
  type RegisterRequest,
  type RendezvousMessage,
  type RendezvousResponse
} from '../../shared/wire/rendezvous.ts'
import type { Books } from '../books.ts'
import type { RelayEvent } from '../events.ts'
import type { TooMany } from '../request-rates.ts'
import { whyOf, type Why } from '../why.ts'
import { BlamelessError } from './frames.ts'
import type { Usage } from '../limits.ts'
import type { Refused } from './limits.ts'
import type { Registered, RoomStore, VerifiedRecord } from './room-store.ts'

export type RegistrationEvent = Extract<RelayEvent, { event: 'registration' }>

export interface RegistrationWatcher {
  /** It stands, new or renewed; before its peer has the answer. */
  registered(peer: string, room: string, record: VerifiedRecord): void
  removed(peer: string, room: string): void
  /** How full its own limits are. */
  usage(): Usage[]
}

export interface AnswersConfig {
  store: RoomStore
  books: Books
  isConnected: (peer: PeerId) => boolean
  watcher?: RegistrationWatcher | undefined
  onEvent: (event: RegistrationEvent) => void
  /** The peer asks on although it is told to wait. */
  onOffence: (peer: PeerId) => void
  nowMs: () => number
  signal: AbortSignal
}

/** Of names in events: those of refused registrations are as long as their sender likes. */
const MAX_ROOM_IN_EVENT = 255

export class Answers {
  readonly #config: AnswersConfig

  constructor(config: AnswersConfig) {
    this.#config = config
  }

  /**
   * The reply to a request of that peer; undefined for UNREGISTER, which has none.
   *
   * @throws Error when the message is no request; BlamelessError for one too many that has no reply to refuse it with
   */
  async answer(
    request: RendezvousMessage,
    peer: PeerId,
    host: string
  ): Promise<RendezvousResponse | undefined> {
    const tooMany = this.#config.books.tooMany('rendezvous', { peer: peer.toString(), host })
    if (tooMany?.limit === 'rendezvous-rate-per-peer') this.#config.onOffence(peer)
    switch (request.type) {
      case 'register':
        return this.#register(request, peer, host, unavailable(tooMany))
      case 'discover':
        return this.#discover(request, peer, unavailable(tooMany))
      case 'unregister':
        if (tooMany === undefined) await this.#unregister(request.ns, peer)
        else this.#refuseToUnregister(request.ns, peer, tooMany)
        return undefined
      case 'registerResponse':
      case 'discoverResponse':
        throw new Error('a reply where a request belongs')
      default:
        return request satisfies never
    }
  }

  async #register(
    request: RegisterRequest,
    peer: PeerId,
    host: string,
    refused: Refused | undefined
  ): Promise<RendezvousResponse> {
    const result =
      refused ??
      this.#draining() ??
      this.#denied(peer, request.ns) ??
      (await this.#tryToRegister(request, peer, host))
    const about = { peer: peer.toString(), room: request.ns.slice(0, MAX_ROOM_IN_EVENT) }
    if (result.status !== STATUS.ok) {
      this.#refused(about, result)
      return { type: 'registerResponse', status: result.status, statusText: result.reason }
    }
    if (result.added) this.#config.onEvent({ event: 'registration', ...about, action: 'added' })
    // Verifying takes a moment, in which the peer may have gone.
    if (!this.#config.isConnected(peer)) {
      this.#config.store.peerGone(about.peer, this.#config.nowMs())
    }
    return { type: 'registerResponse', status: result.status, ttlSeconds: result.ttlSeconds }
  }

  /** Peers may still look who is there: they will need each other without the relay. */
  #draining(): Refused | undefined {
    if (!this.#config.books.admission.draining) return undefined
    return { status: STATUS.unavailable, reason: 'the relay is stopping' }
  }

  #denied(peer: PeerId, room: string): Refused | undefined {
    const denial = this.#config.books.access.refusesRoom(peer.toString(), room)
    return denial && { status: STATUS.notAuthorized, ...denial }
  }

  async #tryToRegister(
    request: RegisterRequest,
    peer: PeerId,
    host: string
  ): Promise<Registered | Refused> {
    try {
      const bytes = request.signedPeerRecord
      const { form, sequence } = await openRecord(bytes, {
        expected: peer,
        signal: this.#config.signal
      })
      const record = { form, sequence, bytes }
      const registered = await this.#config.store.register(
        {
          peer: peer.toString(),
          room: request.ns,
          host,
          record,
          ttlSeconds: request.ttlSeconds
        },
        this.#config.nowMs()
      )
      if (registered.status === STATUS.ok)
        this.#config.watcher?.registered(peer.toString(), request.ns, record)
      return registered
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      return { status: STATUS.invalidSignedPeerRecord, reason }
    }
  }

  async #discover(
    request: DiscoverRequest,
    peer: PeerId,
    refused: Refused | undefined
  ): Promise<RendezvousResponse> {
    const { ns: room, cookie, limit } = request
    const about = { peer: peer.toString(), room, cookie, limit }
    const result =
      refused ??
      this.#denied(peer, room ?? '') ??
      (await this.#config.store.discover(about, this.#config.nowMs()))
    if (result.status !== STATUS.ok) {
      const { status, reason: statusText, limit: refusedBy, rule } = result
      // Others are nobody's fault, such as a cookie from before the relay's restart.
      if (refusedBy !== undefined || rule !== undefined) this.#refused(about, result)
      return { type: 'discoverResponse', registrations: [], status, statusText }
    }
    return {
      type: 'discoverResponse',
      status: result.status,
      cookie: result.cookie,
      registrations: result.registrations.map(({ room: ns, record, ttlSeconds }) => {
        return { ns, signedPeerRecord: record, ttlSeconds }
      })
    }
  }

  #refused({ peer, room = '' }: { peer: string; room?: string | undefined }, why: Why): void {
    const about = { peer, room: room.slice(0, MAX_ROOM_IN_EVENT) }
    this.#config.onEvent({ event: 'registration', ...about, action: 'refused', ...whyOf(why) })
  }

  #refuseToUnregister(room: string, peer: PeerId, tooMany: TooMany): never {
    this.#refused({ peer: peer.toString(), room }, tooMany)
    throw new BlamelessError(tooMany.reason)
  }

  async #unregister(room: string, peer: PeerId): Promise<void> {
    this.#config.watcher?.removed(peer.toString(), room)
    if (!(await this.#config.store.unregister(peer.toString(), room))) return
    const about = { peer: peer.toString(), room: room.slice(0, MAX_ROOM_IN_EVENT) }
    this.#config.onEvent({
      event: 'registration',
      ...about,
      action: 'removed',
      reason: 'unregistered'
    })
  }
}

const unavailable = (tooMany: TooMany | undefined): Refused | undefined =>
  tooMany === undefined ? undefined : { status: STATUS.unavailable, ...tooMany }
