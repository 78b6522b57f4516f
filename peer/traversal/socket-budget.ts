// How many sockets punches may have open at once: what the system's limit on file descriptors leaves.
import { readdir, readFile } from 'node:fs/promises'
import { MAX_SOCKETS } from './guess-plan.ts'

/** Two punches with all they may ask for, and some with less. */
const MAX_TOTAL = 4_096

/** For connections, files and whatever else comes up meanwhile. */
const RESERVE = 256

/** Where the system does not tell: macOS has 256 for each program, and most of Linux 1,024. */
const UNTOLD = 128

export interface Grant extends Disposable {
  readonly sockets: number
}

export class SocketBudget {
  readonly #free: () => Promise<number | undefined>
  #granted = 0

  /** `free`: descriptors that can still be opened; undefined: unknown. */
  constructor(free: () => Promise<number | undefined> = freeDescriptors) {
    this.#free = free
  }

  /** What one punch may have, perhaps nothing, until it is disposed. */
  async take(): Promise<Grant> {
    const free = await this.#free()
    // What was granted may be in use, so that it is missing already, or about to be.
    const left = free === undefined ? UNTOLD : (free - RESERVE - this.#granted) / 2
    const sockets = Math.max(0, Math.floor(Math.min(MAX_SOCKETS, left, MAX_TOTAL - this.#granted)))
    this.#granted += sockets
    let isOut = true
    return {
      sockets,
      [Symbol.dispose]: () => {
        if (isOut) this.#granted -= sockets
        isOut = false
      }
    }
  }
}

/** The soft limit of this process (Node raises it to the hard one) without what is open. Linux tells. */
export async function freeDescriptors(): Promise<number | undefined> {
  try {
    const [limits, open] = await Promise.all([
      readFile('/proc/self/limits', 'utf8'),
      readdir('/proc/self/fd')
    ])
    const soft = softLimit(limits)
    return soft === undefined ? undefined : Math.max(0, soft - open.length)
  } catch {
    return undefined
  }
}

/** Of `/proc/self/limits`. */
export function softLimit(limits: string): number | undefined {
  const soft = /^Max open files\s+(\d+|unlimited)/m.exec(limits)?.[1]
  if (soft === undefined) return undefined
  return soft === 'unlimited' ? Infinity : Number(soft)
}
