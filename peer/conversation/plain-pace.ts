// How fast one peer's plain messages are taken: nothing in their protocol holds a sender back. (pure)

/** Nobody types faster; a program that has much to say speaks chat. */
export const PLAIN_RATE = { perSecond: 50, burst: 50 } as const

const INTERVAL_MS = 1000 / PLAIN_RATE.perSecond

export class PlainPace {
  /** When all that was taken so far would have been taken one by one. */
  #doneAtMs = 0

  /** Milliseconds that the message that is here now has to wait; each call is one message, `nowMs` never goes back. */
  turnMs(nowMs: number): number {
    const startMs = Math.max(this.#doneAtMs, nowMs)
    this.#doneAtMs = startMs + INTERVAL_MS
    return Math.max(0, startMs - nowMs - (PLAIN_RATE.burst - 1) * INTERVAL_MS)
  }
}
