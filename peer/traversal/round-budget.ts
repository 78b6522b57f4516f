// How many rounds of dials a peer may cost us: each is up to a hundred SYNs to each address it names. (pure)

import { RecentMap } from '../../shared/recent-map.ts'

/** Five quick rounds make a punch; a clash, or a connection that comes back, costs a few more. */
export const MAX_ROUNDS_PER_MINUTE = 12

const MINUTE_MS = 60_000

/** Peers that are remembered; those that asked longest ago are forgotten first. */
const MAX_PEERS = 1024

export class RoundBudget {
  readonly #asked = new RecentMap<string, number[]>(MAX_PEERS)

  /** Takes one round of that peer's, unless it has had its share of the last minute. */
  take(peer: string, nowMs: number): boolean {
    const recent = (this.#asked.get(peer) ?? []).filter((askedMs) => nowMs - askedMs < MINUTE_MS)
    const has = recent.length < MAX_ROUNDS_PER_MINUTE
    this.#asked.set(peer, has ? [...recent, nowMs] : recent)
    return has
  }
}
