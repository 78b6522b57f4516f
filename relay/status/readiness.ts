// Whether the relay is ready, judged by its last self-check and the time since. (pure)

/** What the last self-check came to, and when it ended. */
export interface CheckResult {
  endedAtMs: number
  tookMs: number
  /** Undefined when bytes came back; else which step failed and why. */
  failure?: string
}

export interface CheckPace {
  /** From the end of one check to the start of the next. */
  everyMs: number
  /** The same after a failure: who has mended something wants to see it. */
  afterFailureMs: number
  /** For one check. */
  timeoutMs: number
}

/**
 * Both ends connect anew, which costs 25 to 35 ms of one core with the relay's side of it (measured): 0.1 % at this pace.
 * The timeout is some lost packets, although there should be none on one's own machine.
 */
export const CHECK_PACE: CheckPace = { everyMs: 30_000, afterFailureMs: 5000, timeoutMs: 10_000 }

export interface Readiness {
  ready: boolean
  /** A whole sentence. */
  sentence: string
  /** Of the last result; undefined before the first. */
  ageMs?: number
  tookMs?: number
}

export function readiness(
  last: CheckResult | undefined,
  nowMs: number,
  pace: CheckPace
): Readiness {
  if (last === undefined) {
    return { ready: false, sentence: 'the first self-check has not ended yet' }
  }
  const ageMs = Math.max(0, nowMs - last.endedAtMs)
  const about = { ageMs, tookMs: last.tookMs }
  const ago = `${Math.round(ageMs / 1000)} s ago`
  if (last.failure !== undefined) {
    return { ...about, ready: false, sentence: `the self-check ${last.failure} (${ago})` }
  }
  // One that is due, and the time that it may take.
  if (ageMs > pace.everyMs + 2 * pace.timeoutMs) {
    return { ...about, ready: false, sentence: `the last self-check ended ${ago}: too long ago` }
  }
  const took = `${Math.round(last.tookMs)} ms`
  return {
    ...about,
    ready: true,
    sentence: `a circuit through this relay carried bytes there and back ${ago}, in ${took}`
  }
}
