// How many sockets punches may have open at once: what the system's limit on file descriptors leaves.
import { readdir, readFile } from 'node:fs/promises'
import { Delay } from '../delay.ts'

/** Four punches with all that most may ask for; each keeps what its plan takes, and that is a tenth as a rule. */
const MAX_TOTAL = 4_096

/** For connections, files and whatever else comes up meanwhile. */
const RESERVE = 256

/** Where the system does not tell: macOS has 256 for each program, and most of Linux 1,024. */
const UNTOLD = 128

/**
 * Who finds less than it asks for waits so long for others to leave some. They know what their plans take after a round
 * trip to the other side, and most take nothing; without any a round is lost, and with it some seconds.
 */
export const SHARE_WAIT_MS = 300

export interface Grant extends Disposable {
  readonly sockets: number
  /** How many it would have been if no other punch had any. */
  readonly alone: number
  /** Keeps so many, and gives the rest back. */
  shrink(sockets: number): void
}

export class SocketBudget {
  readonly #free: () => Promise<number | undefined>
  /** Of those who wait for what others leave; who waits longest looks first. */
  readonly #waits = new Set<Delay>()
  #granted = 0

  /** `free`: descriptors that can still be opened; undefined: unknown. */
  constructor(free: () => Promise<number | undefined> = freeDescriptors) {
    this.#free = free
  }

  /** What one punch may have, `asked` at most and perhaps nothing, until it is disposed. Rejects with the signal's reason. */
  async take(asked: number, { signal }: { signal: AbortSignal }): Promise<Grant> {
    const most = Math.min(asked, MAX_TOTAL)
    const untilMs = performance.now() + SHARE_WAIT_MS
    const wait = new Delay()
    try {
      for (;;) {
        const share = this.#share(most, await this.#free())
        const leftMs = untilMs - performance.now()
        if (share.sockets === share.alone || leftMs <= 0) return this.#grant(share)
        this.#waits.add(wait)
        await wait.wait(leftMs, { signal })
      }
    } finally {
      this.#waits.delete(wait)
    }
  }

  #share(most: number, free: number | undefined): { sockets: number; alone: number } {
    const granted = this.#granted
    // What was granted may be in use, so that it is missing already, or about to be.
    const left = upTo(most, free === undefined ? UNTOLD - granted : (free - RESERVE - granted) / 2)
    const alone = upTo(most, free === undefined ? UNTOLD : (free - RESERVE + granted) / 2)
    return { sockets: upTo(left, MAX_TOTAL - granted), alone }
  }

  #grant({ sockets: given, alone }: { sockets: number; alone: number }): Grant {
    let sockets = given
    this.#granted += sockets
    const shrink = (kept: number): void => {
      const left = sockets - Math.min(sockets, kept)
      sockets -= left
      this.#granted -= left
      if (left > 0) for (const wait of this.#waits) wait.atMost(0)
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
