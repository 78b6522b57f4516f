// Who has said goodbye lately, and how often: so that nobody is brought back by a list that has not heard of it yet,
// and coming and going in turns does not fill the screen. (pure)

import { RecentMap } from '../shared/recent-map.ts'

/** A relay hears of a goodbye within a second or two, and is asked for the whole room every 15 s. */
export const FAREWELL_MS = 30_000

/** Who comes back again and again is told of this long after its last goodbye. */
export const QUIET_MS = 5_000

/** More goodbyes than members that a room takes; the oldest is forgotten. */
const MAX_FAREWELLS = 1_000

export class Farewells {
  readonly #said = new RecentMap<string, { atMs: number; times: number }>(MAX_FAREWELLS)

  note(peer: string, nowMs: number): void {
    const times = this.isFresh(peer, nowMs) ? (this.#said.get(peer)?.times ?? 0) + 1 : 1
    this.#said.set(peer, { atMs: nowMs, times })
  }

  /** A list that still has that peer may be older than its goodbye. */
  isFresh(peer: string, nowMs: number): boolean {
    const said = this.#said.get(peer)
    return said !== undefined && nowMs - said.atMs < FAREWELL_MS
  }

  /** Milliseconds until its return may be told; the first return within a while is told at once. */
  quietMs(peer: string, nowMs: number): number {
    const { atMs, times } = this.#said.get(peer) ?? { atMs: nowMs, times: 0 }
    return times < 2 ? 0 : Math.max(0, atMs + QUIET_MS - nowMs)
  }
}
