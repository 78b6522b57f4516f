// Runs of a cell, put together by hand.

import type { Run } from '../../../lab/matrix/run.ts'

export function direct(reachMs: number, rest: Partial<Run> = {}): Run {
  return {
    newcomer: 'a',
    outcome: 'direct',
    direct: { firstAttempt: true, reachMs, openMs: reachMs / 2, joinMs: reachMs * 2 },
    ...rest
  }
}

export function relayed(reason: string, rest: Partial<Run> = {}): Run {
  return { newcomer: 'a', outcome: 'relayed', reasons: { a: reason, b: reason }, ...rest }
}

export function failed(failure: string): Run {
  return { newcomer: 'a', outcome: 'failed', failure }
}
