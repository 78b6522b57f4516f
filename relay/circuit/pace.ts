// How fast circuits may carry bytes: each of its directions, and all of them together. (pure: time is an argument)
import { usageOf, type RelayLimits, type Usage } from '../limits.ts'
import { RecentRate } from '../recent-rate.ts'
import { TokenBucket, type Flow } from '../token-bucket.ts'

/** For one direction of one circuit. */
export interface Pace {
  /** After that many bytes have passed: the milliseconds until the next ones may. */
  delayMs(bytes: number): number
}

/** A second's worth may pass at once. */
const perSecond = (bytes: number): Flow => ({ ratePerSecond: bytes, size: bytes })

export class Pacing {
  readonly #limits: Readonly<RelayLimits>
  readonly #all = new TokenBucket()
  readonly #passed = new RecentRate()
  readonly #nowMs: () => number

  /** `nowMs` is monotonic. */
  constructor(limits: Readonly<RelayLimits>, nowMs: () => number) {
    this.#limits = limits
    this.#nowMs = nowMs
  }

  /** Bytes are let through and paid for afterwards: no direction holds any back, it only stops reading. */
  forDirection(): Pace {
    const own = new TokenBucket()
    return {
      delayMs: (bytes) => {
        const nowMs = this.#nowMs()
        const { 'circuit-bytes-per-second': circuit, 'bytes-per-second': all } = this.#limits
        this.#passed.add(bytes, nowMs)
        return Math.max(
          own.takeAnyway(bytes, perSecond(circuit), nowMs),
          this.#all.takeAnyway(bytes, perSecond(all), nowMs)
        )
      }
    }
  }

  /** Of the last seconds: the bucket is full again within one, and would show nothing until nothing is left. */
  usage(): Usage[] {
    const used = this.#passed.perSecond(this.#nowMs())
    return usageOf({ 'bytes-per-second': Math.round(used) }, this.#limits)
  }
}
