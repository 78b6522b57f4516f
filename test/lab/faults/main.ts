// npm run lab:faults -- [--only a,b] [--runs N] [--at-once N] [--markdown FILE] [--verbose]: every scenario, and the table of them.
// Progress goes to stderr, the table to stdout, and with --markdown between its two marks in FILE as well.

import { parseArgs } from 'node:util'
import { noPlaceFor, writeBlock } from '../marked-block.ts'
import { faultTable, type Performed } from './markdown.ts'
import { perform } from './perform.ts'
import type { Scenario } from './scenario.ts'
import { SCENARIOS } from './scenarios.ts'
import type { Tally } from './tally.ts'

/** The marks in a file between which the table belongs. */
const PLACE = 'faults-table'

interface Row extends Performed {
  tallies: Tally[]
}

const options = readOptions()
const rows = options.scenarios.map(({ title }): Row => ({ title, tallies: [], failed: 0 }))

const stopping = new AbortController()
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stopping.abort())
const { signal } = stopping

const turns = options.scenarios.flatMap((scenario, n) =>
  Array.from({ length: options.runs }, () => ({ scenario, row: rows[n] }))
)
const workers = await Promise.allSettled(Array.from({ length: options.atOnce }, work))
const table = faultTable(rows)
console.log(table)
if (signal.aborted) {
  process.stderr.write('stopped: the table has what was run so far\n')
  process.exitCode = 130
} else {
  for (const worker of workers) if (worker.status === 'rejected') throw worker.reason
  if (options.file !== undefined) writeBlock(options.file, PLACE, table)
  if (rows.some(({ failed }) => failed > 0)) process.exitCode = 1
}

async function work(): Promise<void> {
  for (let turn = turns.shift(); turn !== undefined; turn = turns.shift()) {
    signal.throwIfAborted()
    await take(turn.scenario, turn.row)
  }
}

async function take(scenario: Scenario, row: Row | undefined): Promise<void> {
  const { tally, failures, plot } = await perform(scenario, signal)
  if (row !== undefined && tally !== undefined) row.tallies.push(tally)
  if (row !== undefined && failures.length > 0) row.failed += 1
  const counts =
    tally === undefined
      ? 'they did not meet'
      : `${tally.sent} sent, ${tally.shown} shown, longest gap ${tally.longestGapMs} ms`
  const failed = failures.map((failure) => `FAILED: ${failure}`)
  const why = failed.length === 0 && !options.verbose ? [] : [...failed, ...plot]
  process.stderr.write([`${scenario.name}: ${counts}`, ...why].join('\n') + '\n')
}

interface Options {
  scenarios: readonly Scenario[]
  runs: number
  atOnce: number
  file: string | undefined
  /** What the programs told of the way is shown of every run, not only of those that failed. */
  verbose: boolean
}

function readOptions(): Options {
  const { values } = parseArgs({
    options: {
      only: { type: 'string' },
      runs: { type: 'string', default: '1' },
      'at-once': { type: 'string', default: '2' },
      markdown: { type: 'string' },
      verbose: { type: 'boolean', default: false }
    }
  })
  const known = SCENARIOS.map(({ name }) => name)
  const only = values.only?.split(',') ?? known
  const unknown = only.find((name) => !known.includes(name))
  if (unknown !== undefined) refuse(`no scenario ${unknown}: there are ${known.join(', ')}`)
  const noPlace = values.markdown === undefined ? undefined : noPlaceFor(PLACE, values.markdown)
  if (noPlace !== undefined) refuse(noPlace)
  return {
    scenarios: SCENARIOS.filter(({ name }) => only.includes(name)),
    runs: atLeastOne('--runs', values.runs),
    atOnce: atLeastOne('--at-once', values['at-once']),
    file: values.markdown,
    verbose: values.verbose
  }
}

function atLeastOne(option: string, text: string): number {
  const number = Number(text)
  if (!Number.isInteger(number) || number < 1) {
    refuse(`${option} is ${text}: give a number of at least 1`)
  }
  return number
}

function refuse(sentence: string): never {
  console.error(sentence)
  process.exit(2)
}
