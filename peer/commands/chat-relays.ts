// What a person reads about relays: each failure once, and nothing called lost that was never reached. (pure)
import type { PeerEvent } from '../events.ts'
import type { Words } from '../terminal/words.ts'

type RelayEvent = Extract<PeerEvent, { event: 'relay' }>

const isFailure = ({ state }: RelayEvent): boolean => state === 'refused' || state === 'lost'

export class RelayTelling {
  /** Those that have given us a place; no other can be lost. */
  readonly #known = new Set<string>()
  /** Those that are being tried again: told once when they fail and once when they are back. */
  readonly #failing = new Set<string>()
  /** Failures before the peer is in the room: if it never is, one of them becomes the program's last sentence. */
  #held: Map<string, Words[]> | undefined = new Map()

  /** What to say now, given how the event is usually put. */
  words(event: RelayEvent, usual: Words[]): Words[] {
    const { relay, state, reason } = event
    if (state === 'reserved') {
      this.#known.add(relay)
      this.#failing.delete(relay)
      this.#held?.delete(relay)
      return usual
    }
    const isLoss = state === 'lost' && this.#known.has(relay)
    // The reason is a sentence of its own, which names the relay.
    const words: Words[] =
      isFailure(event) && !isLoss && reason !== undefined ? [{ kind: 'info', text: reason }] : usual
    if (this.#failing.has(relay)) return words.map(({ text }) => ({ kind: 'verbose', text }))
    if (!isFailure(event)) return words
    this.#failing.add(relay)
    if (this.#held === undefined) return words
    this.#held.set(relay, words)
    return []
  }

  /** The peer is in the room by way of one relay: what is to be said of the others. */
  ready(): Words[] {
    const held = [...(this.#held?.values() ?? [])].flat()
    this.#held = undefined
    return held
  }
}
