// What is measured of one running relay: each step with its own load, a deadline, and figures by name.
import { setTimeout as sleep } from 'node:timers/promises'
import { Load } from './relay-load.ts'
import type { RunningRelay } from './relay-programs.ts'
import { cpuMs, openFiles, PeakMemory, residentMb } from './usage.ts'

/** By the name of the column. */
export type Figures = Record<string, number>

/** For one order; grows with what it moves. */
const PATIENCE_MS = 60_000
/** Of handshakes; the slowest relay here makes 150 reservations a second. */
const MS_PER_RESERVATION = 50
/** Handshakes under way at a time, of each of two processes. */
const PARALLEL = 8
/** Timers of the handshake and the collector have run. */
const SETTLE_MS = 3_000
/** For the compilers, ours and those of the loaders: a relay runs for months, and its first seconds are not its speed. */
const WARM_UP_BYTES = 512 * 1024 * 1024
const WARM_UP_ECHOES = 10_000
const ECHOES = 4_000
const CIRCUITS = 100
const TARGETS = 20
/** Slower relays than any that was seen would miss it. */
const SLOWEST_BYTES_PER_MS = 5_000

interface Step {
  signal: AbortSignal
}

/** `batches` of so many peers connect, are identified, reserve, and stay. */
export async function reservations(
  relay: RunningRelay,
  { signal, count, batches }: Step & { count: number; batches: number }
): Promise<Figures> {
  await using one = new Load()
  await using two = new Load()
  const before = residentMb(relay.pid)
  const costs: number[] = []
  let tookMs = 0
  for (let batch = 0; batch < batches; batch++) {
    const cpu = cpuMs(relay.pid)
    const half = Math.ceil(count / 2)
    const times = await Promise.all(
      [one, two].map((load, which) =>
        load.numbers(
          {
            do: 'reserve',
            relay: relay.address,
            count: half,
            parallel: PARALLEL,
            first: (2 * batch + which) * half
          },
          { signal, patienceMs: PATIENCE_MS + count * MS_PER_RESERVATION }
        )
      )
    )
    tookMs += Math.max(...times.flat())
    costs.push((cpuMs(relay.pid) - cpu) / (2 * half))
  }
  await sleep(SETTLE_MS, undefined, { signal })
  const total = 2 * Math.ceil(count / 2) * batches
  const connected = openFiles(relay.pid)
  if (connected < total) throw new Error(`of ${total} peers at most ${connected} are connected`)
  const after = residentMb(relay.pid)
  return {
    'reservations/s': total / (tookMs / 1000),
    'CPU ms each': costs.reduce((sum, cost) => sum + cost, 0) / costs.length,
    ...(batches > 1
      ? { 'first CPU ms each': costs[0] ?? NaN, 'last CPU ms each': costs.at(-1) ?? NaN }
      : {}),
    'RSS MB': after,
    'kB each': ((after - before) * 1000) / total
  }
}

/** One circuit, or many, from one process to another; the receiver takes all it gets. */
export async function throughput(
  relay: RunningRelay,
  { signal, bytes, circuits = 1 }: Step & { bytes: number; circuits?: number }
): Promise<Figures> {
  await using sender = new Load()
  await using receiver = new Load()
  const patienceMs = PATIENCE_MS + Math.max(bytes, WARM_UP_BYTES) / SLOWEST_BYTES_PER_MS
  const options = { signal, patienceMs }
  const count = Math.min(circuits, TARGETS)
  await open(relay, { sender, receiver, circuits, count, how: 'fast' }, options)
  const share = (total: number): number => Math.ceil(total / circuits)
  const pour = async (all: number, received: number): Promise<number> => {
    const began = Number(process.hrtime.bigint()) / 1e6
    const [, arrived] = await Promise.all([
      sender.numbers({ do: 'pour', bytes: share(all) }, options),
      receiver.numbers({ do: 'await', bytes: received + share(all) * circuits }, options)
    ])
    return (arrived[0] ?? NaN) - began
  }
  await pour(WARM_UP_BYTES, 0)
  const cpu = cpuMs(relay.pid)
  const tookMs = await pour(bytes, share(WARM_UP_BYTES) * circuits)
  const sent = share(bytes) * circuits
  return {
    'MB/s': sent / 1000 / tookMs,
    'CPU ms/MB': (cpuMs(relay.pid) - cpu) / (sent / 1e6),
    'RSS MB': residentMb(relay.pid)
  }
}

export async function manyCircuits(
  relay: RunningRelay,
  { signal, bytes }: Step & { bytes: number }
): Promise<Figures> {
  return throughput(relay, { signal, bytes, circuits: CIRCUITS })
}

/** 64 bytes there and back, one at a time; microseconds. */
export async function echo(relay: RunningRelay, { signal }: Step): Promise<Figures> {
  await using sender = new Load()
  await using receiver = new Load()
  const options = { signal, patienceMs: PATIENCE_MS }
  await open(relay, { sender, receiver, circuits: 1, count: 1, how: 'echo' }, options)
  await sender.numbers({ do: 'echo', count: WARM_UP_ECHOES }, options)
  const cpu = cpuMs(relay.pid)
  const times = await sender.numbers({ do: 'echo', count: ECHOES }, options)
  const sorted = times.toSorted((a, b) => a - b)
  const at = (share: number): number => sorted[Math.floor(sorted.length * share)] ?? NaN
  return {
    'p50 µs': at(0.5),
    'p99 µs': at(0.99),
    'CPU µs each': ((cpuMs(relay.pid) - cpu) * 1000) / ECHOES
  }
}

/** Bytes pass to somebody who reads 35 MB/s at most, and nothing for 30 ms after each MiB. */
export async function slowReceiver(
  relay: RunningRelay,
  { signal, bytes }: Step & { bytes: number }
): Promise<Figures> {
  await using sender = new Load()
  await using receiver = new Load()
  const options = { signal, patienceMs: PATIENCE_MS + bytes / SLOWEST_BYTES_PER_MS }
  await open(relay, { sender, receiver, circuits: 1, count: 1, how: 'slowly' }, options)
  const before = residentMb(relay.pid)
  using peak = new PeakMemory(relay.pid)
  const [poured] = await Promise.all([
    sender.numbers({ do: 'pour', bytes }, options),
    receiver.numbers({ do: 'await', bytes }, options)
  ])
  return {
    'MB/s': bytes / 1000 / (poured[0] ?? NaN),
    'RSS MB before': before,
    'RSS MB at most': peak.mb
  }
}

/** Buffers that wait for the collector take 10 to 20 MB; a splice without backpressure has held 1.5 × of what was sent. */
const MAX_GROWTH_MB = 60

/** What is wrong with the memory of a relay whose receiver is slow; undefined when it stays flat. */
export function growthProblem(figures: Figures): string | undefined {
  const grownMb = (figures['RSS MB at most'] ?? NaN) - (figures['RSS MB before'] ?? NaN)
  return grownMb < MAX_GROWTH_MB
    ? undefined
    : `it grew by ${grownMb.toFixed(0)} MB; ${MAX_GROWTH_MB} are allowed`
}

const MAX_RESERVED_MB = 700
/** What does not grow with their number varies by about a tenth. */
const MAX_COST_GROWTH = 1.25

/** What is wrong with ten times as many reservations; undefined when the last cost what the first did, and all fit. */
export function manyProblem(figures: Figures): string | undefined {
  const { 'RSS MB': mb = NaN, 'first CPU ms each': first, 'last CPU ms each': last } = figures
  const growth = (last ?? NaN) / (first ?? NaN)
  const isSmall = mb < MAX_RESERVED_MB
  const isSteady = growth < MAX_COST_GROWTH
  return isSmall && isSteady
    ? undefined
    : `they take ${mb} MB, of ${MAX_RESERVED_MB} allowed, and the last cost ${growth.toFixed(2)} × the first, of ${MAX_COST_GROWTH}`
}

interface Ends {
  sender: Load
  receiver: Load
  circuits: number
  /** Of peers that take them. */
  count: number
  how: 'echo' | 'fast' | 'slowly'
}

async function open(
  relay: RunningRelay,
  { sender, receiver, circuits, count, how }: Ends,
  options: { signal: AbortSignal; patienceMs: number }
): Promise<void> {
  const ids = await receiver.texts(
    { do: 'take', relay: relay.address, count, how, first: 0 },
    options
  )
  const targets = Array.from({ length: circuits }, (_, n) => ids[n % ids.length] ?? '')
  await sender.numbers({ do: 'open', relay: relay.address, targets, from: 100_000 }, options)
}
