// The matrix on a small scale, as its program: what it runs, what it writes, and how it is stopped.

import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { STATE_FOLDERS } from '../stories/scene.ts'
import type { MatrixRecord } from './record.ts'

const MAIN = fileURLToPath(new URL('main.ts', import.meta.url))

const folder = await mkdtemp(join(STATE_FOLDERS, 'matrix-'))

function start(...args: string[]): ChildProcess {
  return spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
}

/** Resolves with the exit code and the two outputs. */
async function outcome(child: ChildProcess): Promise<[number | null, string, string]> {
  const [out, aside] = await Promise.all([
    text(child.stdout!),
    text(child.stderr!),
    once(child, 'close')
  ])
  return [child.exitCode, out, aside]
}

it('three kinds of NAT become direct with each other, whoever comes, at the first attempt', async () => {
  const [json, svg] = [join(folder, 'short.json'), join(folder, 'short.svg')]
  const kinds = ['--kinds', 'full-cone,drop,rst', '--runs', '2', '--at-once', '3']
  const [code, table, aside] = await outcome(start(...kinds, '--json', json, '--svg', svg))
  assert.equal(code, 0, aside)
  const { cells }: MatrixRecord = JSON.parse(await readFile(json, 'utf8'))
  const counts = cells.map(({ name, tally }) => [name, tally.first])
  const names = ['full-cone×full-cone', 'full-cone×drop', 'full-cone×rst', 'drop×drop', 'drop×rst']
  assert.deepEqual(
    counts,
    [...names, 'rst×rst'].map((name) => [name, 2]),
    aside
  )
  assert.match(table, /^\| drop × RST \| 100 % \(2\/2\) \| 100 % \(2\/2\) \| \d+ \/ \d+ ms/m)
  assert.match(await readFile(svg, 'utf8'), /drop comes, RST is there: 1 of 1 direct/)
})

it('pairs that cannot be direct stay relayed, and every side is told why', async () => {
  const only = [
    '--only',
    'sequential×symmetric,symmetric×symmetric',
    '--runs',
    '1',
    '--rounds',
    '1'
  ]
  const [code, table, aside] = await outcome(start(...only, '--at-once', '2'))
  assert.equal(code, 0, aside)
  const why = String.raw`\| 0 % .* \| your NAT gives .*: neither side can know where to dial`
  assert.match(table, new RegExp(`^\\| symmetric sequential × symmetric random ${why}`, 'm'))
  assert.match(table, new RegExp(`^\\| symmetric random × symmetric random ${why}`, 'm'))
})

it('goes on from the runs that it has, and prints what it has when it is stopped', async () => {
  const json = join(folder, 'stopped.json')
  const args = ['--only', 'none×none,drop×drop', '--at-once', '1', '--json', json]
  const [code, , complaint] = await outcome(start(...args, '--runs', '1'))
  assert.equal(code, 0, complaint)
  const more = start(...args, '--runs', '3', '--resume')
  const ended = outcome(more)
  for await (const line of createInterface({ input: more.stderr! }))
    if (line.startsWith('no NAT × no NAT: 3 of 3 direct')) more.kill('SIGINT')
  const [stopped, table] = await ended
  assert.equal(stopped, 130)
  assert.match(table, /^\| no NAT × no NAT \| 100 % \(3\/3\)/m)
  assert.match(table, /^\| drop × drop \| 100 % \(([12])\/\1\)/m)
  const { cells }: MatrixRecord = JSON.parse(await readFile(json, 'utf8'))
  assert.equal(cells[0]?.runs.length, 3)
})
