// How much has passed in the last seconds: two counts and no timer, because bytes are counted where they pass.
// (pure: time is an argument)

/** Long enough for two scrapes a minute to see more than noise, short enough for a page that is looked at. */
const WINDOW_MS = 5_000

/** What has passed in a window that is over counts for as much of it as still lies within the last 5 s. */
export class RecentRate {
  #sinceMs = -Infinity
  #current = 0
  #previous = 0

  /** `nowMs` is monotonic. */
  add(count: number, nowMs: number): void {
    if (nowMs - this.#sinceMs >= WINDOW_MS) this.#turn(nowMs)
    this.#current += count
  }

  perSecond(nowMs: number): number {
    if (nowMs - this.#sinceMs >= WINDOW_MS) this.#turn(nowMs)
    const left = 1 - (nowMs - this.#sinceMs) / WINDOW_MS
    return (this.#current + this.#previous * left) / (WINDOW_MS / 1000)
  }

  #turn(nowMs: number): void {
    const isNext = nowMs - this.#sinceMs < 2 * WINDOW_MS
    this.#previous = isNext ? this.#current : 0
    this.#sinceMs = isNext ? this.#sinceMs + WINDOW_MS : nowMs
    this.#current = 0
  }
}
