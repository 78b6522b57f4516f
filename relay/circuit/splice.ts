// Joins two streams into a circuit until both directions have ended, one fails, or a limit is reached.
import type { Stream } from '@libp2p/interface'
import type { LimitName } from '../limits.ts'
import { Direction, type DirectionEvents } from './direction.ts'
import type { HoldingBytes } from './held-bytes.ts'
import type { Pace } from './pace.ts'
import type { PassedBuffers } from './passed-buffers.ts'

export interface SpliceOptions {
  /** In each direction. */
  maxBytes: number
  maxDurationMs: number
  /** Counted up as they pass, for whoever watches: to the target, from the target. */
  bytes?: [toTarget: number, fromTarget: number]
  /** Whoever frees the buffers in which they came. */
  passed?: Pick<PassedBuffers, 'add'>
  /** To the target, and from it. */
  paces?: readonly [Pace, Pace]
  /** Given what holds bytes from now on; what it returns is called when the circuit has ended. */
  onSplicing?: (circuit: HoldingBytes) => () => void
  /** Ends the circuit at once. */
  signal: AbortSignal
}

export interface SpliceEnd {
  /** In words. */
  reason: string
  /** The limit that ended it, if one did. */
  limit?: LimitName
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
    splicing.end(`its limit of ${options.maxDurationMs / 1000} s was reached`, 'circuit-seconds')
  }, options.maxDurationMs)
  const ended = options.onSplicing?.(splicing)
  try {
    return await splicing.run()
  } finally {
    clearTimeout(timer)
    ended?.()
    options.signal.removeEventListener('abort', stop)
  }
}

class Splicing implements HoldingBytes {
  readonly #streams: readonly Stream[]
  readonly #directions: readonly Direction[]
  readonly #bytes: [number, number]
  readonly #ended = Promise.withResolvers<Pick<SpliceEnd, 'reason' | 'limit'>>()
  readonly #maxBytes: number
  readonly #passed: SpliceOptions['passed']
  #running = 2

  constructor(source: Stream, target: Stream, options: SpliceOptions) {
    const { maxBytes, passed, paces, bytes = [0, 0] } = options
    this.#maxBytes = maxBytes
    this.#passed = passed
    this.#bytes = bytes
    this.#streams = [source, target]
    this.#directions = [
      this.#direction(0, source, target, ['the dialling peer', 'the target'], paces?.[0]),
      this.#direction(1, target, source, ['the target', 'the dialling peer'], paces?.[1])
    ]
  }

  /** Received and not passed on, or passed on and not sent. */
  get heldBytes(): number {
    return this.#streams.reduce(
      (sum, { readBufferLength, writeBufferLength }) => sum + readBufferLength + writeBufferLength,
      0
    )
  }

  end(reason: string, limit?: LimitName): void {
    this.#ended.resolve({ reason, ...(limit === undefined ? {} : { limit }) })
  }

  async run(): Promise<SpliceEnd> {
    for (const direction of this.#directions) direction.start()
    const end = await this.#ended.promise
    for (const direction of this.#directions) direction.stop()
    for (const stream of this.#streams) {
      stream.abort(new CircuitEndedError(`the circuit has ended: ${end.reason}`))
    }
    const [bytesToTarget, bytesFromTarget] = this.#bytes
    return { ...end, bytesToTarget, bytesFromTarget }
  }

  #direction(
    which: 0 | 1,
    from: Stream,
    to: Stream,
    [sender, receiver]: [string, string],
    pace: Pace | undefined
  ): Direction {
    const events: DirectionEvents = {
      onBytes: (count) => {
        this.#bytes[which] += count
        this.#passed?.add(count)
        if (this.#bytes[which] <= this.#maxBytes) return true
        this.end(
          `its limit of ${this.#maxBytes} bytes in one direction was reached`,
          'circuit-bytes'
        )
        return false
      },
      onEnd: () => {
        this.#running--
        if (this.#running === 0) this.end('it was closed')
      },
      onFailure: (end, error) => {
        this.end(`the stream of ${end === 'from' ? sender : receiver} failed: ${error.message}`)
      }
    }
    return new Direction(from, to, events, pace)
  }
}
