// npm run bench:sizing [-- --peers N,…] [--circuits N] [--bytes N] [--every MS] [--settle S] [--seconds S] [--memory MB]:
// what a relay takes of memory and of one CPU for so many peers that are there, and for circuits that carry something.
// The relay is the program, with its status page, its self-checks, and limits wide enough for one host; the peers' side
// is ours. Linux only. Prints a row of Markdown for each number of peers.
import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { LIMIT_NAMES, LIMITS, type LimitName } from '../../relay/limits.ts'
import { boundMemory, type MemoryBound } from './memory-bound.ts'

/** What each source of circuits does. */
export interface Traffic {
  /** Circuit addresses. */
  targets: string[]
  /** Of a piece, which comes back. */
  bytes: number
  everyMs: number
}

interface Program {
  child: ChildProcessByStdio<Writable, Readable, null>
  /** Those that nobody has looked at yet. */
  lines: AsyncIterator<string>
}

/** So many libp2p nodes keep up in one process. */
const PEERS_PER_PROCESS = 250
/** USER_HZ; it is 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100

const { values } = parseArgs({
  options: {
    peers: { type: 'string', default: '100,500,1000' },
    circuits: { type: 'string', default: '0' },
    bytes: { type: 'string', default: '100' },
    every: { type: 'string', default: '1000' },
    // Rooms in which nobody comes or goes are asked after less often from the 60th second on.
    settle: { type: 'string', default: '75' },
    seconds: { type: 'string', default: '60' },
    // What the relay's host has; all of this one's when left out.
    memory: { type: 'string' }
  }
})

console.log('| peers | circuits | memory | CPU | relayed |\n| ---: | ---: | ---: | ---: | ---: |')
for (const count of values.peers.split(',')) console.log(await measured(Number(count)))

async function measured(count: number): Promise<string> {
  const home = mkdtempSync(join(tmpdir(), 'parley-sizing-'))
  writeFileSync(join(home, 'relay.yaml'), wideLimits())
  const running: Program[] = []
  const run = (args: readonly string[], bound?: MemoryBound): Program => {
    const command = [process.execPath, ...args]
    const program = start(bound?.wrap(command) ?? command, { PARLEY_HOME: home })
    running.push(program)
    return program
  }
  using stack = new DisposableStack()
  const bound =
    values.memory === undefined ? undefined : stack.use(boundMemory(Number(values.memory)))
  try {
    const main = join(import.meta.dirname, '../../relay/main.ts')
    const args = ['--listen', '/ip4/127.0.0.1/tcp/0', '--status', '127.0.0.1:0', '--json']
    const relay = run([main, ...args], bound)
    const { addresses }: { addresses: string[] } = JSON.parse(await lineOf(relay, '"listening"'))
    const { url }: { url: string } = JSON.parse(await lineOf(relay, '"status"'))
    const groups = Math.max(2, Math.ceil(count / PEERS_PER_PROCESS))
    const loaders = Array.from({ length: groups }, (_, n) => {
      const share = String(
        Math.round(((n + 1) * count) / groups) - Math.round((n * count) / groups)
      )
      const program = join(import.meta.dirname, 'sizing-program.ts')
      return run([program, addresses[0] ?? '', share, `${n}`])
    })
    await talk(loaders)
    await sleep(Number(values.settle) * 1000)
    return await rowOf({ pid: relay.child.pid ?? 0, url, count })
  } finally {
    for (const { child } of running.toReversed()) await killed(child)
    rmSync(home, { recursive: true })
  }
}

/** One in the first process and one in the last, for each circuit. */
async function talk(loaders: Program[]): Promise<void> {
  const addresses = await Promise.all(
    loaders.map(async (each): Promise<string[]> => JSON.parse(await lineOf(each, '[')))
  )
  const targets = addresses.at(-1) ?? []
  const traffic: Traffic = {
    targets: Array.from(
      { length: Number(values.circuits) },
      (_, n) => targets[n % targets.length] ?? ''
    ),
    bytes: Number(values.bytes),
    everyMs: Number(values.every)
  }
  const [sources] = loaders
  if (sources === undefined || traffic.targets.length === 0) return
  sources.child.stdin.write(`${JSON.stringify(traffic)}\n`)
  await lineOf(sources, 'running')
}

async function rowOf(relay: { pid: number; url: string; count: number }): Promise<string> {
  const seconds = Number(values.seconds)
  const before = { cpu: cpuSeconds(relay.pid), bytes: await relayed(relay.url) }
  await sleep(seconds * 1000)
  const cpu = (cpuSeconds(relay.pid) - before.cpu) / seconds
  const megabytes = ((await relayed(relay.url)) - before.bytes) / seconds / 1e6
  const reserved = await sample(relay.url, 'parley_relay_reservations')
  if (reserved !== relay.count) console.error(`${reserved} of ${relay.count} peers are there`)
  const circuits = await sample(relay.url, 'parley_relay_circuits')
  const memory = `${residentMb(relay.pid).toFixed(0)} MB`
  return `| ${reserved} | ${circuits} | ${memory} | ${(cpu * 100).toFixed(1)} % | ${megabytes.toFixed(2)} MB/s |`
}

async function relayed(url: string): Promise<number> {
  return sample(url, 'parley_relay_relayed_bytes_total')
}

async function sample(url: string, name: string): Promise<number> {
  const text = await (await fetch(new URL('/metrics', url))).text()
  return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1])
}

/** All peers come from one host here; what limits bandwidth stays as it is. */
function wideLimits(): string {
  const wide = LIMIT_NAMES.filter((name) => !name.includes('bytes') || name === 'circuit-bytes')
  return `limits:\n${wide.map((name) => `  ${name}: ${widest(name)}\n`).join('')}`
}

/** Deadlines stay as they are, too. */
function widest(name: LimitName): number {
  return LIMITS[name].unit === 'seconds' ? LIMITS[name].default : LIMITS[name].max
}

function start([file = '', ...args]: readonly string[], env: Record<string, string>): Program {
  const child = spawn(file, args, {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, ...env }
  })
  return { child, lines: createInterface({ input: child.stdout })[Symbol.asyncIterator]() }
}

/** The next one that contains this. */
async function lineOf({ lines }: Program, containing: string): Promise<string> {
  for (;;) {
    const { done = false, value: line } = await lines.next()
    if (done) throw new Error(`a program ended without having said ${containing}`)
    if (line.includes(containing)) return line
  }
}

async function killed(child: Program['child']): Promise<void> {
  child.kill('SIGKILL')
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
}

/** User and system together. */
function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // Behind the name in parentheses, which may hold spaces.
  const [user, system] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 13)
  return (Number(user) + Number(system)) / TICKS_PER_SECOND
}

function residentMb(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1000
}
