// How often something may be done in a minute or an hour, by key. (pure: time is an argument)
import { RecentMap } from '../shared/recent-map.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS

/** Keys that are remembered; those that asked longest ago are forgotten first. */
const MAX_KEYS = 1024

class PerTime {
  readonly #max: number
  readonly #timeMs: number
  readonly #taken = new RecentMap<string, number[]>(MAX_KEYS)

  constructor(max: number, timeMs: number) {
    this.#max = max
    this.#timeMs = timeMs
  }

  /** Takes one, unless that key has had its share of the time just past. */
  take(key: string, nowMs: number): boolean {
    const recent = (this.#taken.get(key) ?? []).filter((takenMs) => nowMs - takenMs < this.#timeMs)
    const has = recent.length < this.#max
    this.#taken.set(key, has ? [...recent, nowMs] : recent)
    return has
  }
}

export class PerMinute extends PerTime {
  constructor(max: number) {
    super(max, MINUTE_MS)
  }
}

export class PerHour extends PerTime {
  constructor(max: number) {
    super(max, HOUR_MS)
  }
}
