// Every run of the matrix as JSON: for programs, and to go on from. (pure)

import type { NatKind } from '../nat.ts'
import type { Run } from './run.ts'
import { tallyOf, type Tally } from './tally.ts'

/** What all runs of a file have in common. */
export interface Conditions {
  /** One way, of the relay's link and of the two sites'; which site has which changes from run to run. */
  delaysMs: { relay: number; a: number; b: number }
  /** At each site's uplink, in each direction. */
  lossPercent: number
}

export interface CellRecord {
  name: string
  title: string
  /** Of A and of B; absent where the network is no pair of sites. */
  kinds?: readonly [NatKind, NatKind]
  runs: Run[]
}

export interface MatrixRecord {
  conditions: Conditions
  cells: Array<CellRecord & { tally: Tally }>
}

export function encodeRecord(conditions: Conditions, cells: readonly CellRecord[]): string {
  const record: MatrixRecord = {
    conditions,
    cells: cells.map((cell) => ({ ...cell, tally: tallyOf(cell.runs) }))
  }
  return `${JSON.stringify(record, undefined, 1)}\n`
}

/** The runs by the name of their cell. Throws an Error when they were made under other conditions. */
export function decodeRecord(text: string, conditions: Conditions): Map<string, Run[]> {
  const record: MatrixRecord = JSON.parse(text)
  if (JSON.stringify(record.conditions) !== JSON.stringify(conditions)) {
    const were = JSON.stringify(record.conditions)
    throw new Error(`the runs of that file were made under other conditions: ${were}`)
  }
  return new Map(record.cells.map(({ name, runs }) => [name, runs]))
}
