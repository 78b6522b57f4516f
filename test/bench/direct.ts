// npm run bench:direct [-- --runs N] [--go PATH] [--rust PATH]: from joining to the first line, and to the direct
// connection. Two NATs that drop, 40 ms RTT to the relay, 60 ms between the peers; go and rust in the same network.
// Joining begins with the request to register: the newcomer is connected to its relay. go begins with its dial through
// the relay; it is connected, has its reservation, and knows the other side's id and relay already.
// Whoever has the smaller peer id speaks first on the direct connection, and has it half a round trip before the other
// side. The newcomer has it in every other run: chance would decide which of the two figures is the median.

import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { loadOrCreateIdentity } from '../../shared/identity.ts'
import { median, measuresOf, type Measures } from '../lab/stories/measures.ts'
import { Scene, STATE_FOLDERS } from '../lab/stories/scene.ts'
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
  const relayed = await repeat('parley, relayed only', async (n) => ours(n, ['--relayed-only']))
  const direct = await repeat('parley', async (n) => ours(n, []))
  report(relayed, direct)
  for (const [name, path, run] of [
    ['go-libp2p', values.go, goRun],
    ['rust-libp2p', values.rust, rustRun]
  ] as const) {
    if (path === undefined)
      console.log(`${name}: left out, its program was not given (--${name.split('-')[0]} PATH)`)
    else reportForeign(name, await repeat(name, () => foreign(path, run)), direct)
  }
} catch (error) {
  if (!signal.aborted) throw error
  console.error('stopped')
  process.exitCode = 130
}

async function repeat<T>(name: string, run: (n: number) => Promise<T>): Promise<T[]> {
  const results: T[] = []
  for (let n = 1; n <= runs; n += 1) {
    signal.throwIfAborted()
    results.push(await run(n))
    process.stderr.write(`${name} ${n} of ${runs}: ${JSON.stringify(results.at(-1))}\n`)
  }
  return results
}

/** The newcomer says a line as soon as it knows that there is somebody to hear it. */
async function ours(n: number, peerArgs: string[]): Promise<Measures> {
  await using homes = await orderedHomes(n % 2 === 1 ? ['anna', 'ben'] : ['ben', 'anna'])
  await using scene = await Scene.open(network(), { measured: true, peerArgs, homes, signal })
  const deadline = scene.deadline(30_000)
  await scene.anna.next('discovered', { signal: deadline })
  scene.anna.say('hello')
  await scene.ben.next('message', { signal: deadline })
  if (!peerArgs.includes('--relayed-only')) await scene.direct(30_000)
  return measuresOf(scene)
}

interface Homes extends AsyncDisposable {
  anna: string
  ben: string
}

/** State folders with keys; whoever is named first has the smaller peer id. */
async function orderedHomes(names: ['anna', 'ben'] | ['ben', 'anna']): Promise<Homes> {
  const made = await Promise.all([newHome(), newHome()])
  const [one, other] = made.toSorted((a, b) => (a.id < b.id ? -1 : 1)).map(({ folder }) => folder)
  const homes = { anna: '', ben: '', [names[0]]: one, [names[1]]: other }
  return Object.assign(homes, {
    [Symbol.asyncDispose]: async () => {
      for (const { folder } of made) await rm(folder, { recursive: true })
    }
  })
}

async function newHome(): Promise<{ id: string; folder: string }> {
  const folder = await mkdtemp(join(STATE_FOLDERS, 'parley-bench-'))
  const key = await loadOrCreateIdentity(join(folder, 'peer.key'))
  return { id: peerIdFromPrivateKey(key).toString(), folder }
}

async function foreign(
  path: string,
  run: (lab: Lab, program: string) => Promise<ForeignRun>
): Promise<ForeignRun> {
  await using lab = await network()
  return await run(lab, path)
}

type Figures = Array<number | undefined>

function report(relayed: Measures[], direct: Measures[]): void {
  const inOrder = direct.map(({ registerToDirect: { anna, ben } }, n) =>
    n % 2 === 0 ? [anna, ben] : [ben, anna]
  )
  const lines: Array<[label: string, figures: Figures]> = [
    ['joining → first line over the circuit', relayed.map((m) => m.registerToLine)],
    ['joining → first line, whatever carries it', direct.map((m) => m.registerToLine)],
    ['joining → direct, at the newcomer', direct.map((m) => m.registerToDirect.anna)],
    ['joining → direct, at the other side', direct.map((m) => m.registerToDirect.ben)],
    ['joining → direct, at whoever speaks first', inOrder.map(([speaks]) => speaks)],
    ['joining → direct, at whoever answers', inOrder.map(([, answers]) => answers)],
    ['first packet to the relay → direct, at the newcomer', direct.map((m) => m.joinToDirect)],
    ['circuit open → direct, at the newcomer', direct.map((m) => m.openToDirect.anna)],
    ['circuit open → direct, at the other side', direct.map((m) => m.openToDirect.ben)]
  ]
  for (const [label, figures] of lines) console.log(figureLine(`parley: ${label}`, figures))
}

function reportForeign(name: string, measured: ForeignRun[], parley: Measures[]): void {
  const dialToDirect = measured.map((m) => m.dialToDirect)
  const lines: Array<[label: string, figures: Figures]> = [
    ['dialling → circuit open', measured.map((m) => m.dialToCircuit)],
    ['dialling → direct, at the dialling side', dialToDirect],
    ['circuit open → direct, at the dialling side', measured.map((m) => m.dialler)],
    ['circuit open → direct, at the other side', measured.map((m) => m.listener)]
  ]
  for (const [label, figures] of lines) console.log(figureLine(`${name}: ${label}`, figures))
  const [our, their] = [median(parley.map((m) => m.registerToDirect.anna)), median(dialToDirect)]
  if (our !== undefined && their !== undefined)
    console.log(`parley takes ${(our / their).toFixed(2)} of the time of ${name} to direct`)
}
