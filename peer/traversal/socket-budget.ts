// How many sockets punches may have open at once: what the system's limit on file descriptors leaves.
import { readdir, readFile } from 'node:fs/promises'

/** Four punches with all that most may ask for; each keeps what its plan takes, and that is a tenth as a rule. */
const MAX_TOTAL = 4_096

/** For connections, files and whatever else comes up meanwhile. */
const RESERVE = 256

/** Where the system does not tell: macOS has 256 for each program, and most of Linux 1,024. */
const UNTOLD = 128

export interface Grant extends Disposable {
  readonly sockets: number
  /** How many it would have been if no other punch had any. */
  readonly alone: number
  /** Keeps so many, and gives the rest back. */
  shrink(sockets: number): void
}

export class SocketBudget {
  readonly #free: () => Promise<number | undefined>
  #granted = 0

  /** `free`: descriptors that can still be opened; undefined: unknown. */
  constructor(free: () => Promise<number | undefined> = freeDescriptors) {
    this.#free = free
  }

  /** What one punch may have, `asked` at most and perhaps nothing, until it is disposed. */
  async take(asked: number): Promise<Grant> {
    const most = Math.min(asked, MAX_TOTAL)
    const free = await this.#free()
    const granted = this.#granted
    // What was granted may be in use, so that it is missing already, or about to be.
    let sockets = upTo(most, free === undefined ? UNTOLD - granted : (free - RESERVE - granted) / 2)
    sockets = upTo(sockets, MAX_TOTAL - granted)
    const alone = upTo(most, free === undefined ? UNTOLD : (free - RESERVE + granted) / 2)
    this.#granted += sockets
    const shrink = (kept: number): void => {
      this.#granted -= sockets
      sockets = Math.min(sockets, kept)
      this.#granted += sockets
    }
    return {
      get sockets() {
        return sockets
      },
      alone,
      shrink,
      [Symbol.dispose]: () => shrink(0)
    }
  }
}

function upTo(most: number, left: number): number {
  return Math.max(0, Math.floor(Math.min(most, left)))
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
