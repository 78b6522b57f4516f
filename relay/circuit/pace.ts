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

/** Of its share a direction may send at once the largest frame of yamux: more than anybody types, 4 s of the share by default. */
const SHARE_BYTES = 64 * 1024

/** What each of as many directions as there may be can have of the whole: 16 KiB a second by default. */
const shareOf = ({ circuits, 'bytes-per-second': all }: Readonly<RelayLimits>): Flow => ({
  ratePerSecond: all / (2 * Math.max(circuits, 1)),
  size: SHARE_BYTES
})

export class Pacing {
  readonly #limits: Readonly<RelayLimits>
  readonly #all = new TokenBucket()
  /** What has passed by shares: as much as the whole, however many directions come and go with a full share each. */
  readonly #byShares = new TokenBucket()
  readonly #passed = new RecentRate()
  /** Of each direction that has not been disposed of. */
  readonly #passedEach = new Set<RecentRate>()
  readonly #nowMs: () => number

  /** `nowMs` is monotonic. */
  constructor(limits: Readonly<RelayLimits>, nowMs: () => number) {
    this.#limits = limits
    this.#nowMs = nowMs
  }

  /**
   * Bytes are let through and paid for afterwards: no direction holds any back, it only stops reading. For what all
   * together owe only those wait that send more than their share, or two busy peers would slow every chat.
   * To be disposed of when its circuit has ended.
   */
  forDirection(): Pace & Disposable {
    const own = new TokenBucket()
    const share = new TokenBucket()
    const passed = new RecentRate()
    this.#passedEach.add(passed)
    return {
      [Symbol.dispose]: () => void this.#passedEach.delete(passed),
      delayMs: (bytes) => {
        const nowMs = this.#nowMs()
        const { 'circuit-bytes-per-second': circuit, 'bytes-per-second': total } = this.#limits
        const all = perSecond(total)
        this.#passed.add(bytes, nowMs)
        passed.add(bytes, nowMs)
        const ownMs = own.takeAnyway(bytes, perSecond(circuit), nowMs)
        const allMs = this.#all.takeAnyway(bytes, all, nowMs)
        const isFree =
          allMs === 0 ||
          (share.tryTake(shareOf(this.#limits), nowMs, bytes) &&
            this.#byShares.tryTake(all, nowMs, bytes))
        return isFree ? ownMs : Math.max(ownMs, allMs)
      }
    }
  }

  /** Of the last seconds: the bucket is full again within one, and would show nothing until nothing is left. */
  usage(): Usage[] {
    const nowMs = this.#nowMs()
    let fastest = 0
    for (const passed of this.#passedEach) fastest = Math.max(fastest, passed.perSecond(nowMs))
    const used = {
      'circuit-bytes-per-second': Math.round(fastest),
      'bytes-per-second': Math.round(this.#passed.perSecond(nowMs))
    }
    return usageOf(used, this.#limits)
  }
}
