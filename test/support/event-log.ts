// What was told so far, to be looked at and waited for.
import { once } from 'node:events'
import { inspect } from 'node:util'

/** Longer than anything on loopback takes; a test's own limit comes later and says less. */
const PATIENCE_MS = 15_000

export class EventLog<Event> {
  readonly events: Event[] = []
  readonly #news = new EventTarget()

  /** Bound, so that it can be handed on as a listener. */
  readonly note = (event: Event): void => {
    this.events.push(event)
    this.#news.dispatchEvent(new CustomEvent('news'))
  }

  /** The first event that fits, past ones included; fails with all that was told when none comes. */
  async first<Wanted extends Event>(fits: (event: Event) => event is Wanted): Promise<Wanted>
  async first(fits: (event: Event) => boolean): Promise<Event>
  async first(fits: (event: Event) => boolean): Promise<Event> {
    return this.until(() => this.events.find(fits))
  }

  /** Looks again whenever something was told, until there is something to see. */
  async until<Seen>(look: () => Seen | undefined | false): Promise<Seen> {
    const signal = AbortSignal.timeout(PATIENCE_MS)
    for (;;) {
      const seen = look()
      if (seen !== undefined && seen !== false) return seen
      await once(this.#news, 'news', { signal }).catch((cause: unknown) => {
        const told = this.events.map((event) => inspect(event)).join('\n')
        throw new Error(`what was waited for is not among:\n${told}`, { cause })
      })
    }
  }
}
