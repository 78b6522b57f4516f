// The matrix as a table in Markdown, a line for each cell. (pure)

import type { Run } from './run.ts'
import { percent, tallyOf, type Spread, type Tally } from './tally.ts'

export interface CellRuns {
  title: string
  runs: readonly Run[]
}

const HEAD = [
  '| between A and B | direct | at the first attempt | known → direct, p50 / p95 | joining → direct, p50 / p95 | why relayed, as A is told |',
  '| --- | ---: | ---: | ---: | ---: | --- |'
]

/** Cells without a run are left out. */
export function matrixTable(cells: readonly CellRuns[]): string {
  return [...HEAD, ...cells.filter(({ runs }) => runs.length > 0).map(line)].join('\n')
}

/** "drop × RST: 19 of 20 direct, 18 at the first attempt", and what went wrong. */
export function cellLine({ title, runs }: CellRuns): string {
  const { direct, first, failure } = tallyOf(runs)
  const counts = `${title}: ${direct} of ${runs.length} direct, ${first} at the first attempt`
  return failure === undefined ? counts : `${counts}; FAILED: ${failure}`
}

function line({ title, runs }: CellRuns): string {
  const tally = tallyOf(runs)
  const cells = [
    title,
    share(tally.direct, tally.runs),
    share(tally.first, tally.runs),
    seconds(tally.reach),
    seconds(tally.join),
    (tally.reason ?? '').replaceAll('|', '\\|') + failures(tally)
  ]
  return `| ${cells.join(' | ')} |`
}

function share(count: number, of: number): string {
  return `${percent(count, of)} (${count}/${of})`
}

function seconds(spread: Spread | undefined): string {
  return spread === undefined ? '–' : `${spread.p50} / ${spread.p95} ms`
}

function failures({ failed }: Tally): string {
  return failed === 0 ? '' : ` **${failed} did not come to an end**`
}
