// What a person reads about relays: each failure once, and nothing called lost that was never reached. (pure)
import type { PeerEvent } from '../events.ts'
import type { Words } from '../terminal/words.ts'

type RelayEvent = Extract<PeerEvent, { event: 'relay' }>

/** Reasons with numbers in them could go on for ever. */
const MAX_REASONS = 8

export class RelayTelling {
  /** Addresses of those that give us a place; no other can be lost. */
  readonly #standing = new Set<string>()
  /** Address → why it has failed since it last gave us a place. */
  readonly #failing = new Map<string, Set<string>>()

  /** What to say now, given how the event is usually put. */
  words(event: RelayEvent, usual: Words[]): Words[] {
    const { state, address } = event
    if (state === 'reserved') return this.#reserved(address, usual)
    if (state !== 'connecting') return this.#failed(event, usual)
    return this.#failing.has(address) ? usual.map(verbosely) : usual
  }

  #reserved(address: string, usual: Words[]): Words[] {
    this.#failing.delete(address)
    if (!this.#standing.has(address)) {
      this.#standing.add(address)
      return usual
    }
    return usual.map(({ kind, text }) => ({ kind, text: `${text}, with other limits than before` }))
  }

  #failed({ address, reason = 'no reason given' }: RelayEvent, usual: Words[]): Words[] {
    const told = this.#failing.get(address) ?? new Set()
    const isNews = !told.has(reason) && told.size < MAX_REASONS
    if (isNews) told.add(reason)
    this.#failing.set(address, told)
    if (this.#standing.delete(address)) return usual
    // The reason is a sentence of its own, which names the relay.
    const words: Words[] = [{ kind: 'info', text: `${reason} (trying again)` }]
    return isNews ? words : words.map(verbosely)
  }
}

const verbosely = ({ text }: Words): Words => ({ kind: 'verbose', text })
