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
import type { RelayEvent } from '../events.ts'
import type { Refused } from './limits.ts'
import type { Registered, RoomStore } from './room-store.ts'

export type RegistrationEvent = Extract<RelayEvent, { event: 'registration' }>

export interface AnswersConfig {
  store: RoomStore
  isConnected: (peer: PeerId) => boolean
  onEvent: (event: RegistrationEvent) => void
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
   * @throws Error when the message is no request
   */
  async answer(request: RendezvousMessage, peer: PeerId): Promise<RendezvousResponse | undefined> {
    switch (request.type) {
      case 'register':
        return this.#register(request, peer)
      case 'discover':
        return this.#discover(request, peer)
      case 'unregister':
        await this.#unregister(request.ns, peer)
        return undefined
      case 'registerResponse':
      case 'discoverResponse':
        throw new Error('a reply where a request belongs')
      default:
        return request satisfies never
    }
  }

  async #register(request: RegisterRequest, peer: PeerId): Promise<RendezvousResponse> {
    const result = await this.#tryToRegister(request, peer)
    const about = { peer: peer.toString(), room: request.ns.slice(0, MAX_ROOM_IN_EVENT) }
    if (result.status !== STATUS.ok) {
      const { status, reason } = result
      this.#config.onEvent({ event: 'registration', ...about, action: 'refused', reason })
      return { type: 'registerResponse', status, statusText: reason }
    }
    if (result.added) this.#config.onEvent({ event: 'registration', ...about, action: 'added' })
    // Verifying takes a moment, in which the peer may have gone.
    if (!this.#config.isConnected(peer)) {
      this.#config.store.peerGone(about.peer, this.#config.nowMs())
    }
    return { type: 'registerResponse', status: result.status, ttlSeconds: result.ttlSeconds }
  }

  async #tryToRegister(request: RegisterRequest, peer: PeerId): Promise<Registered | Refused> {
    try {
      const bytes = request.signedPeerRecord
      const { form, sequence } = await openRecord(bytes, {
        expected: peer,
        signal: this.#config.signal
      })
      return await this.#config.store.register(
        {
          peer: peer.toString(),
          room: request.ns,
          record: { form, sequence, bytes },
          ttlSeconds: request.ttlSeconds
        },
        this.#config.nowMs()
      )
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      return { status: STATUS.invalidSignedPeerRecord, reason }
    }
  }

  async #discover(request: DiscoverRequest, peer: PeerId): Promise<RendezvousResponse> {
    const { ns: room, cookie, limit } = request
    const result = await this.#config.store.discover(
      { peer: peer.toString(), room, cookie, limit },
      this.#config.nowMs()
    )
    if (result.status !== STATUS.ok) {
      const { status, reason } = result
      return { type: 'discoverResponse', registrations: [], status, statusText: reason }
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

  async #unregister(room: string, peer: PeerId): Promise<void> {
    if (!(await this.#config.store.unregister(peer.toString(), room))) return
    const about = { peer: peer.toString(), room }
    this.#config.onEvent({
      event: 'registration',
      ...about,
      action: 'removed',
      reason: 'unregistered'
    })
  }
}
