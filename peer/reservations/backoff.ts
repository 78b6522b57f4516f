// How long to wait before trying again. (pure)

const FIRST_MS = 1_000
const LONGEST_MS = 30_000

/**
 * Doubles from 1 s to 30 s with the failures in a row, less up to half of it at random (`random` in [0, 1)), so that
 * the peers of a relay that restarts do not come back in one moment. Without a failure: the first step.
 */
export function backoffMs(failures: number, random: number): number {
  const fullMs = Math.min(FIRST_MS * 2 ** Math.max(0, failures - 1), LONGEST_MS)
  return fullMs * (1 - random / 2)
}
