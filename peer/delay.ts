// A wait that news can cut short.

export class Delay {
  #dueMs = 0
  #timer: NodeJS.Timeout | undefined
  #over: (() => void) | undefined

  /** Waits for `ms`, without holding the process. Rejects with the signal's reason. One wait at a time. */
  async wait(ms: number, { signal }: { signal: AbortSignal }): Promise<void> {
    signal.throwIfAborted()
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const aborted = (): void => reject(signal.reason)
    signal.addEventListener('abort', aborted, { once: true })
    this.#over = resolve
    this.#schedule(ms, resolve)
    try {
      await promise
    } finally {
      clearTimeout(this.#timer)
      this.#over = undefined
      signal.removeEventListener('abort', aborted)
    }
  }

  /** Leaves at most `ms` of the wait that is under way, if one is. */
  atMost(ms: number): void {
    if (this.#over === undefined || this.#dueMs - performance.now() <= ms) return
    clearTimeout(this.#timer)
    this.#schedule(ms, this.#over)
  }

  #schedule(ms: number, over: () => void): void {
    this.#dueMs = performance.now() + ms
    this.#timer = setTimeout(over, ms).unref()
  }
}
