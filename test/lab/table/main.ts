// npm run lab:table -- [--runs N] [--kinds a,b] [--loss P] [--write FILE]: every pair of NATs, the whole story each time.
// Progress goes to stderr, the table to stdout, and with --write between its two marks in FILE as well.

import { parseArgs } from 'node:util'
import { noPlaceFor, writeBlock } from '../marked-block.ts'
import { tableOf, type RunsOfRow } from './markdown.ts'
import { KINDS, rowsOf, type Row } from './rows.ts'
import { runRow } from './runs.ts'

/** What has stayed relayed so often is not going to change: each of these runs takes 20 s. */
const ENOUGH_RELAYED = 3

/** The marks in a file between which the table belongs. */
const PLACE = 'nat-table'

const options = readOptions()
const rows = rowsOf(options.kinds, options.lossPercent)
const results: RunsOfRow[] = rows.map(({ name }) => ({ name, runs: [] }))

const stopping = new AbortController()
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stopping.abort())
const { signal } = stopping

try {
  for (const [n, row] of rows.entries()) await fill(results[n]?.runs ?? [], row)
} catch (error) {
  if (!signal.aborted) throw error
  process.stderr.write('stopped: the table has what was run so far\n')
  process.exitCode = 130
}
const table = tableOf(results)
console.log(table)
if (options.file !== undefined && !signal.aborted) writeBlock(options.file, PLACE, table)
const failed = results.some(({ runs }) => runs.some(({ failure }) => failure !== undefined))
if (failed && !signal.aborted) process.exitCode = 1

async function fill(runs: RunsOfRow['runs'], row: Row): Promise<void> {
  while (runs.length < options.runs) {
    const relayed = runs.filter(({ path }) => path === 'relayed').length
    if (relayed === runs.length && relayed >= ENOUGH_RELAYED) return
    signal.throwIfAborted()
    const run = await runRow(row, signal)
    runs.push(run)
    const { openToDirect, joinToDirect } = run.measures
    const times = `open → direct ${openToDirect.anna}/${openToDirect.ben} ms, joining → direct ${joinToDirect} ms`
    const outcome = run.path === 'direct' ? times : (run.reason ?? '')
    process.stderr.write(
      `${row.name} ${runs.length}/${options.runs}: ${run.path}, ${outcome}${run.failure === undefined ? '' : `\nFAILED: ${run.failure}`}\n`
    )
  }
}

interface Options {
  runs: number
  kinds: readonly string[]
  lossPercent: number
  file: string | undefined
}

function readOptions(): Options {
  const { values } = parseArgs({
    options: {
      runs: { type: 'string', default: '20' },
      kinds: { type: 'string' },
      loss: { type: 'string', default: '10' },
      write: { type: 'string' }
    }
  })
  const kinds = values.kinds?.split(',') ?? KINDS
  const unknown = kinds.find((kind) => !KINDS.includes(kind))
  if (unknown !== undefined) refuse(`no kind ${unknown}: there are ${KINDS.join(', ')}`)
  const runs = Number(values.runs)
  if (!Number.isInteger(runs) || runs < 1)
    refuse(`--runs is ${values.runs}: give a number of at least 1`)
  const lossPercent = Number(values.loss)
  if (!(lossPercent >= 0 && lossPercent < 100))
    refuse(`--loss is ${values.loss}: give a percentage`)
  const noPlace = values.write === undefined ? undefined : noPlaceFor(PLACE, values.write)
  if (noPlace !== undefined) refuse(noPlace)
  return { runs, kinds, lossPercent, file: values.write }
}

function refuse(sentence: string): never {
  console.error(sentence)
  process.exit(2)
}
