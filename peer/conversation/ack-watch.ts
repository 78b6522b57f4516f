// Watches over what is on its way on one stream: when acknowledgements fail to come, there is doubt, and in the end
// the stream is given up.
import type { ConversationTiming } from './timing.ts'

/** A timer that fires so much too late: this process stood still, and acknowledgements may lie there unread. */
const STOOD_STILL_MS = 1_000

export interface AckWatchConfig {
  timing: Pick<ConversationTiming, 'stallMs' | 'ackTimeoutMs' | 'slowestBytesPerMs'>
  /** Of the oldest message that is sent and not acknowledged. */
  oldestBytes: () => number
  /** Called again and again while nothing comes. */
  onStall: () => void
  onLate: (error: Error) => void
}

export class AckWatch {
  readonly #config: AckWatchConfig
  #timer: NodeJS.Timeout | undefined
  #quietSinceMs = 0
  #dueMs = 0

  constructor(config: AckWatchConfig) {
    this.#config = config
  }

  /** Something is on its way, maybe beside what was before. */
  sent(): void {
    if (this.#timer === undefined) this.#begin()
  }

  /** Something was acknowledged. */
  acknowledged(rest: { onTheWay: boolean }): void {
    this.stop()
    if (rest.onTheWay) this.#begin()
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #begin(): void {
    this.#quietSinceMs = performance.now()
    this.#schedule()
  }

  #schedule(): void {
    const { timing, oldestBytes } = this.#config
    const ms =
      Math.min(timing.stallMs, timing.ackTimeoutMs) + oldestBytes() / timing.slowestBytesPerMs
    this.#dueMs = performance.now() + ms
    this.#timer = setTimeout(this.#look, ms)
  }

  readonly #look = (): void => {
    const { timing, oldestBytes, onStall, onLate } = this.#config
    const nowMs = performance.now()
    if (nowMs - this.#dueMs > STOOD_STILL_MS) this.#quietSinceMs = nowMs
    // Timers may fire a millisecond early.
    const quietMs = Math.ceil(nowMs - this.#quietSinceMs) + 1
    if (quietMs >= timing.ackTimeoutMs + oldestBytes() / timing.slowestBytesPerMs) {
      this.stop()
      return onLate(new Error(`nothing was acknowledged for ${Math.floor(quietMs / 1000)} s`))
    }
    if (quietMs >= timing.stallMs) onStall()
    // Its connection may have ended by that.
    if (this.#timer !== undefined) this.#schedule()
  }
}
