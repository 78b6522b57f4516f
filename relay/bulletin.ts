// What happens at a relay: counted, and told to whoever listens.
import type { RelayEvent, RelayListener } from './events.ts'
import type { RelayLimits } from './limits.ts'
import { Refusals } from './refusals.ts'
import { Tally } from './status/tally.ts'

export class Bulletin {
  readonly tally: Tally
  readonly refusals = new Refusals()
  readonly #listeners = new Set<RelayListener>()

  /** `limits` are live. */
  constructor(limits: Readonly<RelayLimits>) {
    this.tally = new Tally(limits)
  }

  /** Everything is counted; what a limit repeats is told once. */
  readonly note = (event: RelayEvent): void => {
    this.tally.note(event, Date.now())
    const told = this.refusals.note(event, performance.now())
    if (told !== undefined) for (const listener of this.#listeners) listener(told)
  }

  /** Returns what ends the subscription. */
  subscribe(listener: RelayListener): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }
}
