// Who has got what was sent: fed with the events of sending, asked when the program is about to leave. (pure)
import type { PeerEvent } from '../events.ts'

/** Errors that say that a message is not under way. */
const REFUSALS = new Set(['undelivered', 'not-sent'])

export class Receipts {
  /** Message id to the peers that have not acknowledged it; a message that all have is forgotten. */
  readonly #waiting = new Map<string, Set<string>>()
  #toNobody = 0
  #refused = 0

  add(event: PeerEvent): void {
    if (event.event === 'sent' && event.to.length > 0) {
      this.#waiting.set(event.id, new Set(event.to))
    }
    if (event.event === 'delivered') this.#settle(event.id, event.peer)
    if (event.event === 'error' && REFUSALS.has(event.code)) {
      this.#refused += 1
      if (event.id !== undefined && event.peer !== undefined) this.#settle(event.id, event.peer)
    }
  }

  #settle(id: string, peer: string): void {
    const peers = this.#waiting.get(id)
    peers?.delete(peer)
    if (peers?.size === 0) this.#waiting.delete(id)
  }

  /** A message was sent while there was nobody to get it. */
  addToNobody(): void {
    this.#toNobody += 1
  }

  /** Everything has been confirmed, and nothing was refused on the way (which has been told when it happened). */
  get complete(): boolean {
    return this.#waiting.size === 0 && this.#toNobody === 0 && this.#refused === 0
  }

  /** Peer to the number of messages it has not acknowledged. */
  missing(): Map<string, number> {
    const counts = new Map<string, number>()
    for (const peers of this.#waiting.values()) {
      for (const peer of peers) counts.set(peer, (counts.get(peer) ?? 0) + 1)
    }
    return counts
  }

  /** One sentence naming who did not get what; undefined when everybody got everything. */
  complaint(room: string, labelOf: (peer: string) => string): string | undefined {
    const missing = [...this.missing()].map(
      ([peer, count]) => `${labelOf(peer)} did not confirm ${messages(count)}`
    )
    const parts = missing.length === 0 ? [] : [`${missing.join(', and ')}${KEPT}`]
    if (this.#toNobody > 0) {
      parts.push(`nobody was in the room ${room} to get ${messages(this.#toNobody)}`)
    }
    return parts.length === 0 ? undefined : parts.join(', and ')
  }
}

const KEPT = ' (kept, and delivered when you meet again)'

const messages = (count: number): string => (count === 1 ? '1 message' : `${count} messages`)
