// How often something may happen: buckets that fill at a steady rate, alone and by key. (pure: time is an argument)

/** `rate` a second flow in, up to `size`; both are given at each use, because a reload may change them. */
export interface Flow {
  ratePerSecond: number
  size: number
}

/** As many at once as in a whole minute: people come in bursts. */
export const perMinute = (count: number): Flow => ({ ratePerSecond: count / 60, size: count })

/** Starts full. */
export class TokenBucket {
  #tokens = Infinity
  #atMs = -Infinity

  /** Takes them when there are so many. */
  tryTake(flow: Flow, nowMs: number, count = 1): boolean {
    this.#refill(flow, nowMs)
    if (this.#tokens < count) return false
    this.#tokens -= count
    return true
  }

  /** Takes them, into debt if need be; the milliseconds until the debt is paid. */
  takeAnyway(count: number, flow: Flow, nowMs: number): number {
    this.#refill(flow, nowMs)
    this.#tokens -= count
    return this.#tokens >= 0 ? 0 : (-this.#tokens / flow.ratePerSecond) * 1000
  }

  /** How much of the size has been taken and has not flowed in again. */
  used(flow: Flow, nowMs: number): number {
    this.#refill(flow, nowMs)
    return flow.size === Infinity ? 0 : flow.size - this.#tokens
  }

  /** A clock that jumps back fills nothing. */
  #refill({ ratePerSecond, size }: Flow, nowMs: number): void {
    const elapsedMs = Math.max(0, nowMs - this.#atMs)
    this.#atMs = nowMs
    const filled = elapsedMs === Infinity ? size : this.#tokens + (elapsedMs / 1000) * ratePerSecond
    this.#tokens = Math.min(size, filled)
  }
}

/** Of keys at once: an address or a peer that has been quiet for a minute has a full bucket, and needs none. */
const MAX_BUCKETS = 10_000

/** A bucket for each key, forgotten when it is full again. */
export class RateByKey {
  readonly #buckets = new Map<string, TokenBucket>()
  readonly #maxBuckets: number

  constructor(maxBuckets = MAX_BUCKETS) {
    this.#maxBuckets = maxBuckets
  }

  get size(): number {
    return this.#buckets.size
  }

  tryTake(key: string, flow: Flow, nowMs: number): boolean {
    const bucket = this.#buckets.get(key) ?? new TokenBucket()
    // The least recently used come first, and are those that are full again.
    this.#buckets.delete(key)
    this.#forget(flow, nowMs)
    this.#buckets.set(key, bucket)
    return bucket.tryTake(flow, nowMs)
  }

  /** Whether there is one to take. */
  has(key: string, flow: Flow, nowMs: number): boolean {
    const used = this.#buckets.get(key)?.used(flow, nowMs) ?? 0
    return flow.size - used >= 1
  }

  /** Of the key that has used most. */
  mostUsed(flow: Flow, nowMs: number): number {
    let most = 0
    for (const bucket of this.#buckets.values()) most = Math.max(most, bucket.used(flow, nowMs))
    return most
  }

  #forget(flow: Flow, nowMs: number): void {
    for (const [key, bucket] of this.#buckets) {
      if (this.#buckets.size < this.#maxBuckets && bucket.used(flow, nowMs) > 0) return
      this.#buckets.delete(key)
    }
  }
}
