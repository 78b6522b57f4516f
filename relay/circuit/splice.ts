// Joins two streams into a circuit until both directions have ended, one fails, or a limit is reached.
import type { Stream } from '@libp2p/interface'
import { Direction } from './direction.ts'

export interface SpliceOptions {
  /** In each direction. */
  maxBytes: number
  maxDurationMs: number
  /** Counted up as they pass, for whoever watches: to the target, from the target. */
  bytes?: [toTarget: number, fromTarget: number]
  /** Ends the circuit at once. */
  signal: AbortSignal
}

export interface SpliceEnd {
  /** In words. */
  reason: string
  bytesToTarget: number
  bytesFromTarget: number
}

/** Told to the streams of a circuit that ends before both of its peers have closed it. */
export class CircuitEndedError extends Error {
  override name = 'CircuitEndedError'
}

/** Resolves when the circuit has ended, and never rejects. Both streams are closed or aborted by then. */
export async function splice(
  source: Stream,
  target: Stream,
  options: SpliceOptions
): Promise<SpliceEnd> {
  const splicing = new Splicing(source, target, options)
  const stop = (): void => splicing.end('the relay stopped')
  options.signal.addEventListener('abort', stop)
  if (options.signal.aborted) stop()
  const timer = setTimeout(() => {
    splicing.end(`its limit of ${options.maxDurationMs / 1000} s was reached`)
  }, options.maxDurationMs)
  try {
    return await splicing.run()
  } finally {
    clearTimeout(timer)
    options.signal.removeEventListener('abort', stop)
  }
}

class Splicing {
  readonly #streams: readonly Stream[]
  readonly #directions: readonly Direction[]
  readonly #bytes: [number, number]
  readonly #ended = Promise.withResolvers<string>()
  readonly #maxBytes: number
  #running = 2

  constructor(source: Stream, target: Stream, { maxBytes, bytes = [0, 0] }: SpliceOptions) {
    this.#maxBytes = maxBytes
    this.#bytes = bytes
    this.#streams = [source, target]
    this.#directions = [
      this.#direction(0, source, target, ['the dialling peer', 'the target']),
      this.#direction(1, target, source, ['the target', 'the dialling peer'])
    ]
  }

  end(reason: string): void {
    this.#ended.resolve(reason)
  }

  async run(): Promise<SpliceEnd> {
    for (const direction of this.#directions) direction.start()
    const reason = await this.#ended.promise
    for (const direction of this.#directions) direction.stop()
    for (const stream of this.#streams) {
      stream.abort(new CircuitEndedError(`the circuit has ended: ${reason}`))
    }
    const [bytesToTarget, bytesFromTarget] = this.#bytes
    return { reason, bytesToTarget, bytesFromTarget }
  }

  #direction(
    which: 0 | 1,
    from: Stream,
    to: Stream,
    [sender, receiver]: [string, string]
  ): Direction {
    return new Direction(from, to, {
      onBytes: (count) => {
        this.#bytes[which] += count
        if (this.#bytes[which] <= this.#maxBytes) return true
        this.end(`its limit of ${this.#maxBytes} bytes in one direction was reached`)
        return false
      },
      onEnd: () => {
        this.#running--
        if (this.#running === 0) this.end('it was closed')
      },
      onFailure: (end, error) => {
        this.end(`the stream of ${end === 'from' ? sender : receiver} failed: ${error.message}`)
      }
    })
  }
}
