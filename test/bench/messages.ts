// npm run bench:messages [-- --messages N]: messages of 100 bytes from one process to another on loopback, kept on disk
// at both ends and in memory only, beside a raw libp2p stream that echoes the same bytes, in one run.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { multiaddr } from '@multiformats/multiaddr'
import { MemoryStore } from '../../peer/store/memory-store.ts'
import { openStore } from '../../peer/store/sqlite-store.ts'
import { Talker } from '../support/talkers.ts'
import { Echo } from './echo.ts'

const MESSAGE_BYTES = 100
const TEXT = 'x'.repeat(MESSAGE_BYTES)
/** Fewer than may wait for one peer. */
const BURST = 5_000
const ROUND_TRIPS = 500

const { values } = parseArgs({ options: { messages: { type: 'string', default: '20000' } } })
const messages = Number(values.messages)
const folder = mkdtempSync(join(tmpdir(), 'parley-bench-'))
try {
  for (const kind of ['disk', 'memory'] as const) await measure(kind)
} finally {
  rmSync(folder, { recursive: true, force: true })
}

async function measure(kind: 'disk' | 'memory'): Promise<void> {
  await using answering = await startAnswering(kind)
  await using store =
    kind === 'memory'
      ? new MemoryStore()
      : openStore(join(folder, 'ann.db'), { onTrouble: ({ message }) => console.error(message) })
  await using ann = await Talker.start('ann', { store })
  const address = multiaddr(answering.address)
  const connection = await ann.node.dial(address)
  const peer = connection.remotePeer.toString()
  ann.conversations.admit(peer)
  await ann.until(() => ann.of('hello').length > 0)
  const say = (): string => ann.conversations.send({ text: TEXT, to: [peer], room: 'kitchen' }).id
  const echo = await Echo.open(connection, MESSAGE_BYTES)
  await echo.send(ROUND_TRIPS)
  const echoMs = await repeat(ROUND_TRIPS, async () => echo.send(1))
  const messageMs = await repeat(ROUND_TRIPS, async () => {
    const delivered = Promise.withResolvers<void>()
    const stop = ann.conversations.subscribe(({ type }) => {
      if (type === 'delivered') delivered.resolve()
    })
    const began = performance.now()
    say()
    await delivered.promise
    stop()
    return performance.now() - began
  })
  const began = performance.now()
  for (let sent = 0; sent < messages; sent += BURST) {
    for (let index = 0; index < BURST; index++) say()
    await ann.conversations.delivered(AbortSignal.timeout(120_000))
  }
  const perSecond = (messages / (performance.now() - began)) * 1000
  const echoPerSecond = (messages / (await echo.send(messages))) * 1000
  console.log(
    `${kind}: ${rate(perSecond)} messages/s delivered, raw stream ${rate(echoPerSecond)}/s`
  )
  console.log(`${kind}: send to acknowledged ${spread(messageMs)}, raw echo ${spread(echoMs)}`)
}

async function repeat(count: number, run: () => Promise<number>): Promise<number[]> {
  const results: number[] = []
  for (let index = 0; index < count; index++) results.push(await run())
  return results.toSorted((one, other) => one - other)
}

async function startAnswering(
  kind: 'disk' | 'memory'
): Promise<{ address: string } & AsyncDisposable> {
  const program = join(import.meta.dirname, 'answering-program.ts')
  const child = spawn(process.execPath, [program, kind === 'disk' ? folder : 'memory'], {
    stdio: ['pipe', 'pipe', 'inherit']
  })
  const [line] = await once(createInterface({ input: child.stdout }), 'line')
  const address = String(line)
  return {
    address,
    [Symbol.asyncDispose]: async () => {
      child.stdin.end()
      await once(child, 'close')
    }
  }
}

function spread(sorted: number[]): string {
  const at = (share: number): string =>
    (sorted[Math.floor(sorted.length * share)] ?? NaN).toFixed(2)
  return `p50 ${at(0.5)} ms, p99 ${at(0.99)} ms`
}

function rate(perSecond: number): string {
  return Math.round(perSecond).toLocaleString('en')
}
