// When a reservation is renewed, and when a relay is tried again. (pure)
import { backoffMs } from '../../shared/backoff.ts'

const SECOND_MS = 1_000
const MINUTE_MS = 60 * SECOND_MS

/**
 * An end that is nearer, or past, comes of two clocks that disagree: no relay grants so little. It is then taken for
 * `ASSUMED_MS`, and asked for again long before any relay known would end it.
 */
const SHORTEST_MS = 2 * SECOND_MS
const ASSUMED_MS = 2 * MINUTE_MS

/** Relays grant an hour or two. Beyond a day there is nothing to believe, and timers of weeks overflow. */
const LONGEST_MS = 24 * 60 * MINUTE_MS

/** Renewing is one round trip; done this often, the clocks may disagree by half an hour of the usual hour. */
const RENEWED_AT_LATEST_AFTER_MS = 30 * MINUTE_MS

/** Of the lifetime: what is left is for the tries that fail. The jitter parts peers that reserved in one moment. */
const RENEWED_AFTER = { least: 0.7, most: 0.8 }

/** A place that was held this long was a good one: the next loss is no failure in a row. */
const STEADY_MS = 10 * SECOND_MS

/** A relay that is back is to be found soon, and 500 peers that knock every 11 s on average do not hurt it. */
const UNREACHABLE = { firstMs: SECOND_MS, longestMs: 15 * SECOND_MS }

/** It has heard us and said no: places become free, rules change, but not within seconds. */
const REFUSED = { firstMs: 4 * SECOND_MS, longestMs: 2 * MINUTE_MS }

export interface ReservationPlan {
  /** For how long to count on it. */
  heldForMs: number
  renewAfterMs: number
}

/** `random` in [0, 1). */
export function reservationPlan(
  expiresAtMs: number,
  nowMs: number,
  random: number
): ReservationPlan {
  const leftMs = expiresAtMs - nowMs
  const heldForMs = leftMs < SHORTEST_MS ? ASSUMED_MS : Math.min(leftMs, LONGEST_MS)
  const { least, most } = RENEWED_AFTER
  const share = least + (most - least) * random
  const latestMs = RENEWED_AT_LATEST_AFTER_MS * (share / most)
  return { heldForMs, renewAfterMs: Math.min(heldForMs * share, latestMs) }
}

/** Sooner than this nothing is asked again. */
const SHORTEST_RETRY_MS = 250

/**
 * Until the next try to renew, after so many failures in a row, the last because we are not let in (`denied`) or for
 * another reason. Of what is left of the reservation (`leftMs`) at most
 * half is waited for, so that there is always another try; at the very end there is none.
 */
export function renewalRetryMs(
  failures: number,
  leftMs: number,
  { denied }: { denied: boolean },
  random: number
): number {
  const half = Math.max(SHORTEST_RETRY_MS, leftMs / 2)
  const pauseMs = backoffMs(failures, random, denied ? REFUSED : UNREACHABLE)
  return Math.min(pauseMs, half, Math.max(0, leftMs))
}

/** Failures in a row, counting the one that has just ended a place that was held for `heldMs` (0: there was none). */
export function failuresAfter(failures: number, heldMs: number): number {
  return heldMs >= STEADY_MS ? 0 : failures + 1
}

/** Until a relay is asked for a place again. */
export function retryMs(
  failures: number,
  { refused }: { refused: boolean },
  random: number
): number {
  return backoffMs(failures, random, refused ? REFUSED : UNREACHABLE)
}
