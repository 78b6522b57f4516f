// One length-prefixed message read from the front of a stream that then carries something else.
// Not `lpStream`, which reads byte by byte, with a promise for each: a relay does this for every request.
import type { Stream, StreamCloseEvent, StreamMessageEvent } from '@libp2p/interface'
import { UnexpectedEOFError } from '@libp2p/utils'
import { encodingLength, encodeUint8Array } from 'uint8-varint'
import { Uint8ArrayList } from 'uint8arraylist'
import { CircuitMessageError, decodeCircuitLength } from '../../shared/wire/circuit.ts'
import { MAX_PREFIX_BYTES } from '../../shared/wire/length-prefix.ts'

/** Everybody sends a message in one; each costs more than what it carries. */
const MAX_PIECES = 256

/**
 * Reads one message, and leaves the stream paused: what has arrived behind it stays there, in order, and no more than a
 * window of it, until somebody listens and resumes. Throws CircuitMessageError for a length over the limit and for one
 * that comes in hundreds of pieces, else what the stream or the signal says.
 */
export async function readFrame(
  stream: Stream,
  { signal }: { signal: AbortSignal }
): Promise<Uint8Array> {
  signal.throwIfAborted()
  const reading = new FrameReading(stream)
  const abort = (): void => reading.fail(signal.reason)
  signal.addEventListener('abort', abort, { once: true })
  try {
    return await reading.frame
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

class FrameReading {
  readonly frame: Promise<Uint8Array>
  readonly #stream: Stream
  readonly #received = new Uint8ArrayList()
  readonly #settle: PromiseWithResolvers<Uint8Array>
  #pieces = 0

  constructor(stream: Stream) {
    this.#stream = stream
    this.#settle = Promise.withResolvers()
    this.frame = this.#settle.promise
    stream.addEventListener('message', this.#onMessage)
    stream.addEventListener('remoteCloseWrite', this.#onEnd)
    stream.addEventListener('close', this.#onClose)
    this.#onEnd()
  }

  fail(reason: unknown): void {
    this.#leave()
    this.#settle.reject(reason)
  }

  readonly #onMessage = ({ data }: StreamMessageEvent): void => {
    this.#received.append(data)
    try {
      const frame = takeFrame(this.#received)
      if (frame === undefined) {
        this.#pieces += 1
        if (this.#pieces > MAX_PIECES) throw new CircuitMessageError('a message drop by drop')
        this.#onEnd()
        return
      }
      this.#leave()
      this.#settle.resolve(frame)
    } catch (error) {
      this.fail(error)
    }
  }

  readonly #onEnd = (): void => {
    const { remoteWriteStatus, readBufferLength } = this.#stream
    if (remoteWriteStatus === 'closed' && readBufferLength === 0)
      this.fail(new UnexpectedEOFError(BROKEN_OFF))
  }

  readonly #onClose = ({ error }: StreamCloseEvent): void =>
    this.fail(error ?? new UnexpectedEOFError(BROKEN_OFF))

  #leave(): void {
    const stream = this.#stream
    stream.removeEventListener('message', this.#onMessage)
    stream.removeEventListener('remoteCloseWrite', this.#onEnd)
    stream.removeEventListener('close', this.#onClose)
    if (stream.readStatus !== 'readable') return
    stream.pause()
    stream.unshift(this.#received)
  }
}

const BROKEN_OFF = 'the stream ended before its message did'

/** Takes one message off the front; undefined while it is incomplete. Throws CircuitMessageError for one that is too long. */
function takeFrame(received: Uint8ArrayList): Uint8Array | undefined {
  let prefixBytes = 1
  while (received.get(prefixBytes - 1) > 127 && prefixBytes <= MAX_PREFIX_BYTES) {
    if (prefixBytes === received.byteLength) return undefined
    prefixBytes += 1
  }
  const end = prefixBytes + decodeCircuitLength(received.sublist(0, prefixBytes))
  if (received.byteLength < end) return undefined
  const frame = received.slice(prefixBytes, end)
  received.consume(end)
  return frame
}

/** Queues one message behind what is queued already. Throws when the stream is closed for writing. */
export function sendFrame(stream: Stream, message: Uint8Array): void {
  const prefixLength = encodingLength(message.byteLength)
  const frame = new Uint8Array(prefixLength + message.byteLength)
  encodeUint8Array(message.byteLength, frame)
  frame.set(message, prefixLength)
  stream.send(frame)
}
