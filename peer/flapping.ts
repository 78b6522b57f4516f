// Peers whose connections do not last: each is given longer before it is dialled again. (pure)
import { backoffMs } from '../shared/backoff.ts'
import { RecentMap } from '../shared/recent-map.ts'

/** A connection that lived this long is none that its peer only accepts to close. */
const LASTING_MS = 30_000

/** Peers that are remembered; the one that was lost longest ago is forgotten first. */
const MAX_PEERS = 1024

interface Losses {
  /** In a row, each after a short life. */
  count: number
  notBeforeMs: number
}

export class Flapping {
  readonly #losses = new RecentMap<string, Losses>(MAX_PEERS)

  /** The last connection to that peer has ended, `livedMs` after it opened. `random` in [0, 1). */
  lost(peer: string, livedMs: number, nowMs: number, random: number): void {
    const count = livedMs < LASTING_MS ? (this.#losses.get(peer)?.count ?? 0) + 1 : 0
    if (count === 0) return void this.#losses.delete(peer)
    // Networks that change lose a young connection now and then: the first does not count.
    const pauseMs = count > 1 ? backoffMs(count - 1, random) : 0
    this.#losses.set(peer, { count, notBeforeMs: nowMs + pauseMs })
  }

  /** How long that peer is not to be dialled, whoever asks for it. */
  pauseMs(peer: string, nowMs: number): number {
    return Math.max(0, (this.#losses.get(peer)?.notBeforeMs ?? 0) - nowMs)
  }
}
