// How long to wait before trying again. (pure)

export interface BackoffSteps {
  firstMs: number
  longestMs: number
}

const USUAL: BackoffSteps = { firstMs: 1_000, longestMs: 30_000 }

/**
 * Doubles from the first step to the longest with the failures in a row, less up to half of it at random (`random` in
 * [0, 1)), so that all who wait for the same thing, as the peers of a relay that restarts, do not come back in one moment. Without a failure: the first step.
 */
export function backoffMs(
  failures: number,
  random: number,
  { firstMs, longestMs }: BackoffSteps = USUAL
): number {
  const fullMs = Math.min(firstMs * 2 ** Math.max(0, failures - 1), longestMs)
  return fullMs * (1 - random / 2)
}
