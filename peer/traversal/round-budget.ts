// How many rounds of dials a peer may cost us: each is up to a hundred SYNs to each address it names. (pure)

import { RecentMap } from '../../shared/recent-map.ts'

/** Five quick rounds make a punch; a clash, or a connection that comes back, costs a few more. */
export const MAX_ROUNDS_PER_MINUTE = 12

/** Peers that are remembered; those that asked longest ago are forgotten first. */
const MAX_PEERS = 1024

export interface Share {
  rounds: number
  perMs: number
}

export class RoundBudget {
  readonly #share: Share
  readonly #asked = new RecentMap<string, number[]>(MAX_PEERS)

  constructor(share: Share = { rounds: MAX_ROUNDS_PER_MINUTE, perMs: 60_000 }) {
    this.#share = share
  }

  /** Takes one round of that peer's, unless it has had its share of the time just past. */
  take(peer: string, nowMs: number): boolean {
    const { rounds, perMs } = this.#share
    const recent = (this.#asked.get(peer) ?? []).filter((askedMs) => nowMs - askedMs < perMs)
    const has = recent.length < rounds
    this.#asked.set(peer, has ? [...recent, nowMs] : recent)
    return has
  }
}
