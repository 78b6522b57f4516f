// The runs of one cell: one stand for all of them, and another when one of them did not come to an end.

import type { Cell } from './cells.ts'
import type { Conditions } from './record.ts'
import type { Run, Side } from './run.ts'
import { Stand } from './stand.ts'

/** What has stayed relayed so often, and never was direct, is not going to change: each of these runs takes 40 s. */
const ENOUGH_RELAYED = 3

/** So often in a row it is not chance. */
const ENOUGH_FAILED = 3

export interface CellInit {
  conditions: Conditions
  /** After so many failed rounds a pair stays relayed. */
  rounds: number
  /** So many runs, those in `runs` included. */
  until: number
  /** Of this cell so far; the new ones are added to it. */
  runs: Run[]
  onRun: () => void
  signal: AbortSignal
}

/** Rejects only when the signal aborts, or when the network could not be built. */
export async function runCell(cell: Cell, init: CellInit): Promise<void> {
  while (isOpen(init)) await runStand(cell, init)
}

/** Until all runs are done, or one did not come to an end. */
async function runStand(cell: Cell, init: CellInit): Promise<void> {
  const { conditions, rounds, runs, onRun, signal } = init
  signal.throwIfAborted()
  await using stand = await Stand.open(cell.build(conditions), signal)
  while (isOpen(init)) {
    const { newcomer, delaysMs } = turn(runs.length, conditions)
    if (cell.kinds !== undefined) await stand.setDelays(delaysMs)
    try {
      runs.push(await stand.run(newcomer, { rounds }))
    } catch (error) {
      signal.throwIfAborted()
      const failure = error instanceof Error ? error.message : String(error)
      runs.push({ newcomer, outcome: 'failed', failure })
      return
    } finally {
      onRun()
    }
  }
}

/** A and B are the newcomer in turns, and the shorter of two delays is A's and B's in turns as well. */
function turn(n: number, { delaysMs }: Conditions): { newcomer: Side; delaysMs: Delays } {
  const { a, b } = delaysMs
  return {
    newcomer: n % 2 === 0 ? 'a' : 'b',
    delaysMs: n % 4 < 2 ? { a, b } : { a: b, b: a }
  }
}

type Delays = Record<Side, number>

function isOpen({ runs, until }: CellInit): boolean {
  if (runs.length >= until) return false
  const gone = (outcome: Run['outcome'], enough: number): boolean =>
    runs.length >= enough && runs.slice(-enough).every((run) => run.outcome === outcome)
  const wasDirect = runs.some(({ outcome }) => outcome === 'direct')
  return !gone('failed', ENOUGH_FAILED) && (wasDirect || !gone('relayed', ENOUGH_RELAYED))
}
