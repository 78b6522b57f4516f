// The table in Markdown, from its runs. (pure)

import { median, type Measures } from '../stories/measures.ts'
import type { Run } from './runs.ts'

export interface RunsOfRow {
  name: string
  runs: Run[]
}

const HEAD = [
  '| between | n | direct | at the first attempt | open circuit → direct | joining → direct | every line arrived | why relayed |',
  '| --- | ---: | ---: | ---: | ---: | ---: | ---: | --- |'
]

/** Rows without a run are left out. Times are medians at the newcomer. */
export function tableOf(rows: readonly RunsOfRow[]): string {
  return [...HEAD, ...rows.filter(({ runs }) => runs.length > 0).map(line)].join('\n')
}

function line({ name, runs }: RunsOfRow): string {
  const direct = runs.filter(({ path }) => path === 'direct')
  const first = direct.filter(({ measures }) => measures.firstAttempt)
  const whole = runs.filter(({ failure }) => failure === undefined)
  const medianOf = (ms: (measures: Measures) => number | undefined): string =>
    milliseconds(median(direct.map(({ measures }) => ms(measures))))
  const cells = [
    name,
    runs.length,
    direct.length,
    first.length,
    medianOf((measures) => measures.openToDirect.anna),
    medianOf((measures) => measures.joinToDirect),
    whole.length,
    reasons(runs)
  ]
  return `| ${cells.join(' | ')} |`
}

function milliseconds(value: number | undefined): string {
  return value === undefined ? '–' : `${Math.round(value)} ms`
}

/** Ports differ from run to run, the sentence does not. */
function reasons(runs: readonly Run[]): string {
  const told = runs.flatMap(({ reason }) => (reason === undefined ? [] : [reason]))
  const general = told.map((reason) => reason.replaceAll(/port \d+ became \d+/g, 'port N became M'))
  return [...new Set(general)].join('; ').replaceAll('|', '\\|')
}
