// Who is in the room: joins what the relays list with what the members say themselves, and what follows from it.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { Conversations } from './conversation/api.ts'
import { Farewells } from './farewells.ts'
import { pathOf } from './tellings.ts'
import type { Reach } from './reach.ts'
import type { Room } from './room.ts'

/** A newcomer dials those it finds; whoever was there before gives it this long before dialling itself. */
const NEWCOMER_DIALS_MS = 2_000

/** How long to wait for a member's name before telling of it without one. */
const NAME_TIMEOUT_MS = 1_000

/** How often to look for members that have silently gone. */
const ABSENCE_CHECK_MS = 5_000

export interface PresenceInit {
  room: Room
  conversations: Pick<Conversations, 'admit' | 'dismiss' | 'carrier'>
  reach: Pick<Reach, 'reach'>
  /** Whether one of our own relays stands: without, nobody can be listed or reached, and absence says nothing. */
  hasRelay: () => boolean
}

export interface Listed {
  peer: string
  relay: string
  addresses: Multiaddr[]
  /** It was listed after us, so it is the one to dial. */
  newcomer: boolean
}

export class Presence {
  readonly #init: PresenceInit
  readonly #farewells = new Farewells()

  constructor(init: PresenceInit, options: { signal: AbortSignal }) {
    this.#init = init
    void this.#watchAbsence(options.signal)
  }

  /** A relay lists it in the room. */
  listed({ peer, relay, addresses, newcomer }: Listed): void {
    this.#init.room.registered(peer, relay, addresses, performance.now())
    this.#meet(peer, newcomer ? NEWCOMER_DIALS_MS : 0)
  }

  /**
   * A relay lists it as before. Who was forgotten meanwhile comes back, unless it has said goodbye so lately that the
   * relay need not have heard of it.
   */
  stillListed({ peer, relay, addresses }: Omit<Listed, 'newcomer'>): void {
    const { room } = this.#init
    const nowMs = performance.now()
    if (room.has(peer)) room.registered(peer, relay, addresses, nowMs)
    else if (!this.#farewells.isFresh(peer, nowMs))
      this.listed({ peer, relay, addresses, newcomer: true })
  }

  /** A relay has a place for us again: whoever could not be reached may be by way of it. */
  relayed(): void {
    for (const peer of this.#init.room.peers) this.#init.reach.reach(peer)
  }

  /** A relay lists it no longer. */
  unlisted(peer: string, relay: string): void {
    this.#init.room.unregistered(peer, relay)
    this.#forgetIfGone(peer)
  }

  /** It said HELLO: its relay's listing may follow, or its relay is not ours. */
  introduced(peer: string, name: string): void {
    const { room, conversations } = this.#init
    const nowMs = performance.now()
    const quietly = this.#farewells.quietMs(peer, nowMs) > 0
    if (room.introduced(peer, name, nowMs, { quietly })) this.#meet(peer, NEWCOMER_DIALS_MS)
    const carrier = conversations.carrier(peer)
    if (carrier !== undefined) room.moved(peer, pathOf(carrier), performance.now())
  }

  left(peer: string): void {
    const { room } = this.#init
    if (room.has(peer)) this.#farewells.note(peer, performance.now())
    room.leave(peer)
    this.#forgetIfGone(peer)
  }

  /** Converse with it, whoever makes the connection. */
  #meet(peer: string, dialAfterMs: number): void {
    const { room, conversations, reach } = this.#init
    if (!room.has(peer)) return
    conversations.admit(peer)
    reach.reach(peer, { afterMs: dialAfterMs })
    this.#announceIn(peer, NAME_TIMEOUT_MS)
  }

  #announceIn(peer: string, ms: number): void {
    const delayMs = Math.max(ms, this.#farewells.quietMs(peer, performance.now()))
    const announce = (): void => {
      // It may have left and come back meanwhile, which has its own time.
      if (this.#farewells.quietMs(peer, performance.now()) === 0) this.#init.room.announce(peer)
    }
    setTimeout(announce, delayMs).unref()
  }

  /** What still waits for it is told, and delivered when it comes back. */
  #forgetIfGone(peer: string): void {
    if (this.#init.room.has(peer)) return
    void this.#init.conversations.dismiss(peer, 'it has left the room')
  }

  async #watchAbsence(signal: AbortSignal): Promise<void> {
    const { room, hasRelay } = this.#init
    let countedFromMs = performance.now()
    while (!signal.aborted) {
      await sleep(ABSENCE_CHECK_MS, undefined, { signal, ref: false }).catch(() => undefined) // stopped: the loop ends
      const nowMs = performance.now()
      if (!hasRelay()) countedFromMs = nowMs
      for (const peer of room.absent(nowMs, countedFromMs)) this.left(peer)
    }
  }
}
