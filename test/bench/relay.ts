// npm run bench:relay [-- --go PATH] [--rust PATH] [--rounds N] [--count N] [--many] [--megabytes N] [--gigabytes N]
// [--only STEP,…]: one load for all relays, on loopback: ours, and go-libp2p's and rust-libp2p's where their programs
// are given. In every round each relay is measured once, so that the noise of the machine hits all alike. Prints
// Markdown: medians (least–greatest), and ratios of the medians.
import { loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { stepTable, type Measured } from './relay-table.ts'
import { foreignRelay, ourRelay, type RunningRelay, type StartRelay } from './relay-programs.ts'
import {
  echo,
  type Figures,
  growthProblem,
  manyCircuits,
  manyProblem,
  reservations,
  slowReceiver,
  throughput
} from './relay-steps.ts'

const { values } = parseArgs({
  options: {
    go: { type: 'string' },
    rust: { type: 'string' },
    rounds: { type: 'string', default: '3' },
    count: { type: 'string', default: '1000' },
    many: { type: 'boolean', default: false },
    megabytes: { type: 'string', default: '1024' },
    gigabytes: { type: 'string', default: '0.5' },
    only: { type: 'string' },
    profile: { type: 'string' }
  }
})
const number = (name: 'rounds' | 'count' | 'megabytes' | 'gigabytes'): number => {
  const value = Number(values[name])
  if (value > 0) return value
  console.error(`--${name} is ${values[name]}: give a number above 0`)
  return process.exit(2)
}
const [rounds, count] = [number('rounds'), number('count')]
const [bytes, slowBytes] = [number('megabytes') * 1e6, number('gigabytes') * 1e9]
const MANY = 10

const stopping = new AbortController()
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stopping.abort())
const { signal } = stopping

const flags =
  values.profile === undefined
    ? []
    : ['--cpu-prof', `--cpu-prof-dir=${values.profile}`, '--cpu-prof-interval=200']
const relays: Array<[name: string, start: StartRelay]> = [['parley', ourRelay(flags)]]
if (values.go !== undefined) relays.push(['go-libp2p', foreignRelay(values.go)])
if (values.rust !== undefined) relays.push(['rust-libp2p', foreignRelay(values.rust)])

interface Step {
  title: string
  run: (relay: RunningRelay) => Promise<Figures>
  /** Takes long, and does not vary much. */
  once?: boolean
  /** Of our own; ends the bench with 1 in the end. */
  problem?: (figures: Figures) => string | undefined
}
const steps: Record<string, Step> = {
  reservations: {
    title: `${count} reservations, kept`,
    run: async (relay) => reservations(relay, { signal, count, batches: 1 })
  },
  circuit: { title: 'one circuit', run: async (relay) => throughput(relay, { signal, bytes }) },
  echo: { title: 'echo of 64 bytes', run: async (relay) => echo(relay, { signal }) },
  circuits: {
    title: '100 circuits at once',
    run: async (relay) => manyCircuits(relay, { signal, bytes })
  },
  slow: {
    title: `${values.gigabytes} GB to a slow receiver`,
    run: async (relay) => slowReceiver(relay, { signal, bytes: slowBytes }),
    once: true,
    problem: growthProblem
  },
  many: {
    title: `${MANY * count} reservations, kept`,
    run: async (relay) => reservations(relay, { signal, count, batches: MANY }),
    once: true,
    problem: manyProblem
  }
}
const chosen =
  values.only?.split(',') ?? Object.keys(steps).filter((name) => name !== 'many' || values.many)

try {
  const loadBefore = loadavg()[0]?.toFixed(1)
  const tables: string[] = []
  for (const name of chosen) {
    const step = steps[name]
    if (step === undefined) throw new Error(`there is no step ${name}`)
    tables.push(stepTable(step.title, await measure(step)))
  }
  console.log(
    `${rounds} rounds; load of the machine ${loadBefore} before, ${loadavg()[0]?.toFixed(1)} after\n`
  )
  console.log(tables.join('\n'))
} catch (error) {
  if (!signal.aborted) throw error
  console.error('stopped')
  process.exitCode = 130
}

async function measure({ title, run, once, problem }: Step): Promise<Measured> {
  const measured: Measured = new Map(relays.map(([name]) => [name, []]))
  for (let round = 0; round < (once === true ? 1 : rounds); round++) {
    for (const [name, start] of relays) {
      await using relay = await start({ signal })
      const figures = await run(relay)
      measured.get(name)?.push(figures)
      process.stderr.write(`${title}, ${name}: ${JSON.stringify(figures)}\n`)
      const wrong = name === 'parley' ? problem?.(figures) : undefined
      if (wrong === undefined) continue
      console.error(`${title}, ${name}: ${wrong}`)
      process.exitCode = 1
    }
  }
  return measured
}
