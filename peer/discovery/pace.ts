// When to ask again: often while something happens, less when the room is quiet or the relay fails. (pure)

export interface Pace {
  /** Between two questions in a room where something happened lately. */
  intervalMs: number
  /** Between two listings of the whole room, which show who has gone. */
  fullIntervalMs: number
}

/** Someone who joins is known to the others within a second or two. */
export const DEFAULT_PACE: Pace = { intervalMs: 1000, fullIntervalMs: 15_000 }

const LIVELY_ROUNDS = 30
const MAX_RETRY_FACTOR = 16

/** @param quietRounds how many rounds in succession have found nobody new */
export function nextRoundMs(pace: Pace, quietRounds: number): number {
  const factor = 1 + Math.min(1, Math.max(0, quietRounds - LIVELY_ROUNDS) / LIVELY_ROUNDS)
  return pace.intervalMs * factor
}

/** @param failures in succession, at least 1; 2, 4, 8 and at last 16 intervals */
export function retryMs(pace: Pace, failures: number): number {
  return pace.intervalMs * Math.min(MAX_RETRY_FACTOR, 2 ** failures)
}
