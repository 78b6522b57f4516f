// npm run bench:direct [-- --runs N] [--go PATH] [--rust PATH]: from the open circuit to the direct connection.
// Two NATs that drop, 40 ms RTT to the relay, 60 ms between the peers; go and rust beside it in the same network.

import { parseArgs } from 'node:util'
import { measuresOf, type Measures } from '../lab/stories/measures.ts'
import { Scene } from '../lab/stories/scene.ts'
import { twoSites, type Lab } from '../lab/topologies.ts'
import { figureLine } from './figures.ts'
import { goRun, rustRun, type ForeignRun } from './foreign.ts'

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '10' },
    go: { type: 'string' },
    rust: { type: 'string' }
  }
})
const runs = Number(values.runs)
if (!Number.isInteger(runs) || runs < 1) {
  console.error(`--runs is ${values.runs}: give a number of at least 1`)
  process.exit(2)
}
const stopping = new AbortController()
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stopping.abort())
const { signal } = stopping

const network = (): Promise<Lab> => twoSites({ a: { nat: 'drop' }, b: { nat: 'drop' } })

try {
  report(await repeat('parley', ours))
  for (const [name, path, run] of [
    ['go-libp2p', values.go, goRun],
    ['rust-libp2p', values.rust, rustRun]
  ] as const) {
    if (path === undefined)
      console.log(`${name}: left out, its program was not given (--${name.split('-')[0]} PATH)`)
    else reportForeign(name, await repeat(name, () => foreign(path, run)))
  }
} catch (error) {
  if (!signal.aborted) throw error
  console.error('stopped')
  process.exitCode = 130
}

async function repeat<T>(name: string, run: () => Promise<T>): Promise<T[]> {
  const results: T[] = []
  for (let n = 1; n <= runs; n += 1) {
    signal.throwIfAborted()
    results.push(await run())
    process.stderr.write(`${name} ${n} of ${runs}: ${JSON.stringify(results.at(-1))}\n`)
  }
  return results
}

async function ours(): Promise<Measures> {
  await using scene = await Scene.open(network(), { measured: true, signal })
  await scene.direct(30_000)
  return measuresOf(scene)
}

async function foreign(
  path: string,
  run: (lab: Lab, program: string) => Promise<ForeignRun>
): Promise<ForeignRun> {
  await using lab = await network()
  return await run(lab, path)
}

function report(measured: Measures[]): void {
  const lines: Array<[string, Array<number | undefined>]> = [
    ['parley: circuit open → direct, at the newcomer', measured.map((m) => m.openToDirect.anna)],
    ['parley: circuit open → direct, at the other side', measured.map((m) => m.openToDirect.ben)],
    ['parley: joining → direct, at the newcomer', measured.map((m) => m.registerToDirect.anna)],
    ['parley: joining → direct, at the other side', measured.map((m) => m.registerToDirect.ben)],
    ['parley: the other is known → direct, at the newcomer', measured.map((m) => m.reachToDirect)],
    [
      'parley: first packet to the relay → direct, at the newcomer',
      measured.map((m) => m.joinToDirect)
    ]
  ]
  for (const [label, figures] of lines) console.log(figureLine(label, figures))
}

function reportForeign(name: string, measured: ForeignRun[]): void {
  console.log(
    figureLine(
      `${name}: circuit open → direct, at the dialling side`,
      measured.map((m) => m.dialler)
    )
  )
  console.log(
    figureLine(
      `${name}: circuit open → direct, at the other side`,
      measured.map((m) => m.listener)
    )
  )
}
