// The runs of a cell, counted. (pure)

import type { Run } from './run.ts'

/** Of milliseconds, by nearest rank: so many percent of the runs took no longer. */
export interface Spread {
  p50: number
  p95: number
}

export interface Tally {
  runs: number
  direct: number
  /** Direct without a failed round before. */
  first: number
  /** Runs that did not come to an end, and what was waited for in vain in the first of them. */
  failed: number
  failure: string | undefined
  /** From when the newcomer learns of the other one, to direct. Undefined without a direct run. */
  reach: Spread | undefined
  /** From the open circuit, at the newcomer. */
  open: Spread | undefined
  /** From the newcomer's first packet to the relay. */
  join: Spread | undefined
  /** The reason that A was told most often, without its numbers. */
  reason: string | undefined
}

export function tallyOf(runs: readonly Run[]): Tally {
  const direct = runs.flatMap((run) => (run.direct === undefined ? [] : [run.direct]))
  const failures = runs.flatMap(({ failure }) => (failure === undefined ? [] : [failure]))
  return {
    runs: runs.length,
    direct: direct.length,
    first: direct.filter(({ firstAttempt }) => firstAttempt).length,
    failed: failures.length,
    failure: failures[0],
    reach: spread(direct.map(({ reachMs }) => reachMs)),
    open: spread(direct.map(({ openMs }) => openMs)),
    join: spread(direct.map(({ joinMs }) => joinMs)),
    reason: mostOften(runs.flatMap(({ reasons }) => general(reasons?.a)))
  }
}

/** "100 %" only for all of them, "0 %" only for none. */
export function percent(count: number, of: number): string {
  const exact = (100 * count) / of
  const rounded = exact > 99 && exact < 100 ? Math.floor(exact * 10) / 10 : Math.round(exact)
  return `${count > 0 ? Math.max(rounded, 1) : 0} %`
}

function spread(values: ReadonlyArray<number | undefined>): Spread | undefined {
  const sorted = values.filter((value) => value !== undefined).toSorted((a, b) => a - b)
  const rank = (share: number): number => sorted[Math.ceil(share * sorted.length) - 1] ?? NaN
  return sorted.length === 0 ? undefined : { p50: rank(0.5), p95: rank(0.95) }
}

/** Ports, addresses and counts differ from run to run, the sentence does not. */
function general(reason: string | undefined): string[] {
  if (reason === undefined) return []
  return [
    reason
      .replaceAll(/\/ip[46]\/[^/]+\/tcp\/\d+/g, 'ADDRESS')
      .replaceAll(/\b\d{4,5}\b/g, 'N')
      .replaceAll(/\b\d+ ×/g, 'n ×')
  ]
}

function mostOften(texts: readonly string[]): string | undefined {
  const counts = Map.groupBy(texts, (text) => text)
  return [...counts].toSorted(([, a], [, b]) => b.length - a.length)[0]?.[0]
}
