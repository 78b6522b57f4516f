// Loaded before a relay's own program (`node --expose-gc --import`): lets a test weigh it and set its clock, by orders on
// standard input, one a line in JSON.
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'

export type Order = { order: 'weigh' } | { order: 'jump'; ms: number }

/** The line that answers an order, among the relay's own. */
export interface Told extends Weight {
  event: 'told'
}

export interface Weight {
  /** What is alive after garbage collection: heap and buffers. */
  liveBytes: number
  /** The most that the process has ever held of the machine's memory. */
  peakBytes: number
  /** What it has used since its start. */
  cpuMs: number
}

const realNow = Date.now.bind(Date)

async function weigh(): Promise<Weight> {
  // What finalizers and closing handles let go of is garbage only in a later turn.
  for (let round = 0; round < 3; round++) {
    globalThis.gc?.()
    await sleep(5)
  }
  const { heapUsed, external } = process.memoryUsage()
  const { maxRSS: peakKib, userCPUTime, systemCPUTime } = process.resourceUsage()
  const cpuMs = (userCPUTime + systemCPUTime) / 1000
  return { liveBytes: heapUsed + external, peakBytes: peakKib * 1024, cpuMs }
}

/** As when somebody sets the system's clock: timers and monotonic time go on as they were. */
function jump(ms: number): void {
  Date.now = () => realNow() + ms
}

async function obey(order: Order): Promise<void> {
  if (order.order === 'jump') jump(order.ms)
  const told: Told = { event: 'told', ...(await weigh()) }
  process.stdout.write(`${JSON.stringify(told)}\n`)
}

createInterface({ input: process.stdin }).on('line', (line) => void obey(JSON.parse(line)))
