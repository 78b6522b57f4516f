// The buffers of bytes that have passed through circuits, collected in time. They lie outside of the heap, three for each
// 64 KiB, and are freed when V8 collects its young objects; there are so few of those that it collects the whole heap
// instead, every 15 ms, which takes as long as relaying itself.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/**
 * Some 12 MB of buffers. Measured with one busy circuit and a young generation of 1, 4 and 16 MiB: none of 9 runs
 * collected the whole heap over and over; with twice as much most did. A collection takes half a millisecond.
 */
export const COLLECTED_BYTES = 4 * 1024 * 1024

export class PassedBuffers {
  readonly #collect: () => void
  #bytes = 0

  /** `collect`: frees what young objects hold. */
  constructor(collect: () => void = youngCollection()) {
    this.#collect = collect
  }

  /** So many bytes more have passed. */
  add(bytes: number): void {
    this.#bytes += bytes
    if (this.#bytes < COLLECTED_BYTES) return
    this.#bytes = 0
    this.#collect()
  }
}

let collectYoung: (() => void) | undefined

/** One for the process: it takes a context of its own. */
function youngCollection(): () => void {
  return (collectYoung ??= exposedCollection())
}

/** Node has it for programs that are started with a flag; a context that is made while the flag is set has it as well. */
function exposedCollection(): () => void {
  setFlagsFromString('--expose-gc')
  try {
    const gc: unknown = runInNewContext('gc')
    if (typeof gc !== 'function') throw new Error('this V8 does not say how to collect its garbage')
    return () => void gc({ type: 'minor' })
  } finally {
    setFlagsFromString('--no-expose-gc')
  }
}
