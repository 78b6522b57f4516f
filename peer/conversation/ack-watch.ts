// Watches over what is on its way on one stream: when acknowledgements fail to come, there is doubt, and in the end
// the stream is given up.
import type { ConversationTiming } from './timing.ts'

/** A timer that fires so much too late: this process stood still, and acknowledgements may lie there unread. */
const STOOD_STILL_MS = 1_000

export interface AckWatchConfig {
  timing: Pick<ConversationTiming, 'stallMs' | 'ackTimeoutMs' | 'slowestBytesPerMs'>
  /** Of the oldest message that is sent and not acknowledged; 0 when there is none. */
  oldestBytes: () => number
  /** The highest number acknowledged, on whatever stream. */
  acknowledged: () => number
  /** Called again and again while nothing comes. */
  onStall: () => void
  onLate: (error: Error) => void
}

export class AckWatch {
  readonly #config: AckWatchConfig
  #timer: NodeJS.Timeout | undefined
  #quietSinceMs = 0
  #seen = 0
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
    this.#seen = this.#config.acknowledged()
    this.#quietSinceMs = performance.now()
    this.#schedule()
  }

  #schedule(): void {
    const { timing, oldestBytes } = this.#config
    const longer = oldestBytes() / timing.slowestBytesPerMs
    const ms = Math.min(timing.stallMs, timing.ackTimeoutMs) + Math.round(longer)
    this.#dueMs = performance.now() + ms
    this.#timer = setTimeout(this.#look, ms)
  }

  readonly #look = (): void => {
    const { timing, oldestBytes, onStall, onLate } = this.#config
    // The stream before this one may have brought the last acknowledgements.
    if (oldestBytes() === 0) return this.stop()
    const nowMs = performance.now()
    const moved = this.#config.acknowledged() !== this.#seen
    if (moved || nowMs - this.#dueMs > STOOD_STILL_MS) this.#quietSinceMs = nowMs
    this.#seen = this.#config.acknowledged()
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
