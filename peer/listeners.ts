// Those who want to be told: none of them can stop the others, or what is being told of.

/**
 * What a listener throws is thrown again where nothing of ours is under way, as Node does for an `EventTarget`: it is
 * an uncaught exception of the process, whose program decides what becomes of it.
 */
export class Listeners<Event> {
  readonly #listeners = new Set<(event: Event) => void>()

  /** Calls it with every event from now on, until the returned function is called. */
  add(listener: (event: Event) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** Never throws. */
  readonly tell = (event: Event): void => {
    for (const listener of this.#listeners) isolated(() => listener(event))
  }
}

/** Calls it; what it throws is thrown again in a turn of its own. */
export function isolated(call: () => void): void {
  try {
    call()
  } catch (error) {
    queueMicrotask(() => {
      throw error
    })
  }
}
