// What came of two peers meeting once. (pure)

import type { Measures } from '../stories/measures.ts'

/** The two hosts, A and B of the cell. */
export const SIDES = ['a', 'b'] as const
export type Side = (typeof SIDES)[number]

export interface Run {
  /** Who came into the room while the other one was there already. */
  newcomer: Side
  /** `relayed`: as many rounds have failed as were waited for. `failed`: it did not come to an end. */
  outcome: 'direct' | 'relayed' | 'failed'
  /** Of a direct one. */
  direct?: DirectRun
  /** Why it stayed relayed, as each side was told last. */
  reasons?: Partial<Record<Side, string>>
  /** All that both sides told in a run that was not direct at the first attempt: whoever wants to know why begins here. */
  told?: Record<Side, ReadonlyArray<{ event: string }>>
  /** What was waited for in vain. */
  failure?: string
}

export interface DirectRun {
  /** No round failed before. */
  firstAttempt: boolean
  /** In ms, at the newcomer; absent where there was no such moment, as without a circuit. */
  reachMs?: number
  openMs?: number
  joinMs?: number
}

/** @param measures - with the newcomer as anna */
export function directRun(newcomer: Side, measures: Measures): Run {
  const { openToDirect, joinToDirect, reachToDirect, firstAttempt } = measures
  const times = { reachMs: reachToDirect, openMs: openToDirect.anna, joinMs: joinToDirect }
  const known = Object.entries(times).filter(([, ms]) => ms !== undefined)
  return { newcomer, outcome: 'direct', direct: { firstAttempt, ...Object.fromEntries(known) } }
}
