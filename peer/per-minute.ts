// How often something may be done in a minute, by key. (pure: time is an argument)
import { RecentMap } from '../shared/recent-map.ts'

const MINUTE_MS = 60_000

/** Keys that are remembered; those that asked longest ago are forgotten first. */
const MAX_KEYS = 1024

export class PerMinute {
  readonly #max: number
  readonly #taken = new RecentMap<string, number[]>(MAX_KEYS)

  constructor(max: number) {
    this.#max = max
  }

  /** Takes one, unless that key has had its share of the last minute. */
  take(key: string, nowMs: number): boolean {
    const recent = (this.#taken.get(key) ?? []).filter((takenMs) => nowMs - takenMs < MINUTE_MS)
    const has = recent.length < this.#max
    this.#taken.set(key, has ? [...recent, nowMs] : recent)
    return has
  }
}
