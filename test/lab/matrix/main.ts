// npm run lab:matrix -- [options]: every pair of kinds of NAT, again and again (options.ts has the options).
// Progress goes to stderr, the table to stdout; Ctrl-C ends it with the table of what was run so far.

import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { noPlaceFor, writeBlock } from '../marked-block.ts'
import { runCell } from './attempts.ts'
import { cellsOf, type Cell } from './cells.ts'
import { atOnceComplaint, complaints } from './expectations.ts'
import { heatMap } from './heat-map.ts'
import { cellLine, matrixTable } from './markdown.ts'
import { matrixOptions, USAGE, type MatrixOptions } from './options.ts'
import { progressLine } from './progress.ts'
import { decodeRecord, encodeRecord, type CellRecord } from './record.ts'

/** The marks in a file between which the table belongs. */
const PLACE = 'nat-table'

const options = readOptions()
const { delaysMs, lossPercent, runs: runsEach, rounds, atOnce, markdown, json, svg } = options
const conditions = { delaysMs, lossPercent }
const rows = readRows(options)

const stopping = new AbortController()
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stopping.abort())
const { signal } = stopping

const startedMs = performance.now()
const waiting = [...rows]
const ended = new Set<Row>()
const runsBefore = runsDone()
const workers = await Promise.allSettled(Array.from({ length: atOnce }, work))
const records = rows.map(({ record }) => record)
const table = matrixTable(records)
console.log(table)
save()
if (signal.aborted) {
  process.stderr.write('stopped: the table has what was run so far\n')
  process.exitCode = 130
} else {
  for (const worker of workers) if (worker.status === 'rejected') throw worker.reason
  if (markdown !== undefined) writeBlock(markdown, PLACE, table)
  const wrong = records.flatMap((record) =>
    complaints(record, conditions).map((complaint) => `${record.title}: ${complaint}`)
  )
  const together = atOnceComplaint(records, conditions)
  if (together !== undefined) wrong.push(together)
  for (const complaint of wrong) console.error(`NOT AS IT MUST BE: ${complaint}`)
  if (wrong.length > 0) process.exitCode = 1
}

interface Row {
  cell: Cell
  record: CellRecord
}

async function work(): Promise<void> {
  for (let row = waiting.shift(); row !== undefined; row = waiting.shift()) {
    const { cell, record } = row
    const onRun = (): void => status(`${cell.title} ${record.runs.length}`)
    await runCell(cell, { conditions, rounds, until: runsEach, runs: record.runs, onRun, signal })
    ended.add(row)
    save()
    say(cellLine(record))
  }
}

/** What has been run so far is kept, whatever happens next. */
function save(): void {
  const kept = rows.map(({ record }) => record)
  if (json !== undefined) writeFileSync(json, encodeRecord(conditions, kept))
  if (svg !== undefined) writeFileSync(svg, heatMap(kept, conditions))
}

/** A cell may end early: what will not happen any more is done. */
function runsDone(): number {
  return rows.reduce((sum, row) => sum + (ended.has(row) ? runsEach : row.record.runs.length), 0)
}

/** One line that changes, where there is a terminal to show it. */
function status(what: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001B[2K${what} · ${progress()}`)
}

function say(line: string): void {
  process.stderr.write(`${process.stderr.isTTY ? '\r\u001B[2K' : ''}${line} · ${progress()}\n`)
}

function progress(): string {
  const done = runsDone()
  const elapsedMs = performance.now() - startedMs
  return progressLine({
    done,
    total: rows.length * runsEach,
    sinceStart: done - runsBefore,
    elapsedMs
  })
}

function readOptions(): MatrixOptions {
  try {
    return matrixOptions(process.argv.slice(2))
  } catch (error) {
    return refuse(error)
  }
}

/** Says what cannot work before hours are spent on it. */
function readRows({ kinds, only, resume }: MatrixOptions): Row[] {
  try {
    const noPlace = markdown === undefined ? undefined : noPlaceFor(PLACE, markdown)
    if (noPlace !== undefined) throw new Error(noPlace)
    const isThere = resume && json !== undefined && existsSync(json)
    const known = isThere ? decodeRecord(readFileSync(json, 'utf8'), conditions) : undefined
    return cellsOf(kinds, only).map((cell) => {
      const record = { name: cell.name, title: cell.title, runs: known?.get(cell.name) ?? [] }
      return { cell, record: cell.kinds === undefined ? record : { ...record, kinds: cell.kinds } }
    })
  } catch (error) {
    return refuse(error)
  }
}

function refuse(error: unknown): never {
  console.error(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`)
  process.exit(2)
}
