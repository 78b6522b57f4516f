// Reads length-prefixed frames from a stream as they come, in batches, and holds the remote back while nobody takes them.
import {
  type Stream,
  type StreamCloseEvent,
  type StreamMessageEvent,
  TimeoutError
} from '@libp2p/interface'
import { Uint8ArrayList } from 'uint8arraylist'

export interface FrameLimits {
  maxFrameBytes: number
  /** A frame that has begun must be there whole after this time. */
  frameTimeoutMs: number
}

/** The bytes of the remote are no frames. */
export class FramingError extends Error {
  override name = 'FramingError'
}

/** Unread bytes above which the remote is asked to wait: a few of the largest frames. */
const PAUSE_ABOVE_BYTES = 256 * 1024

/** So that a flood is acknowledged while it is being read. */
const MAX_BATCH = 256

/**
 * Yields what has arrived, one or more frames at a time, until the remote ends the stream.
 * Throws FramingError, TimeoutError, the stream's own error, or the signal's reason. Frames that arrived whole before
 * the end are yielded first. A frame is a view: decode it, do not keep it.
 *
 * Not `lpStream`: that one never holds the remote back, and gives one frame at a time where a batch costs one ack.
 */
export async function* readFrames(
  stream: Stream,
  limits: FrameLimits & { signal: AbortSignal }
): AsyncGenerator<Uint8Array[], void, undefined> {
  const inbox = new Inbox(stream, limits)
  try {
    for (;;) {
      const frames = inbox.take()
      if (frames.length > 0) yield frames
      else if (!(await inbox.more())) return
    }
  } finally {
    inbox.close()
  }
}

class Inbox {
  readonly #stream: Stream
  readonly #limits: FrameLimits & { signal: AbortSignal }
  readonly #bytes = new Uint8ArrayList()
  /** Fewer bytes than this hold no whole frame: they need not be looked at again. */
  #needed = 1
  #frameBeganAtMs: number | undefined
  #ended: boolean
  #error: unknown
  #paused = false
  #wake: PromiseWithResolvers<void> | undefined

  constructor(stream: Stream, limits: FrameLimits & { signal: AbortSignal }) {
    this.#stream = stream
    this.#limits = limits
    this.#ended = stream.readableEnded || stream.status !== 'open'
    stream.addEventListener('message', this.#onMessage)
    stream.addEventListener('end', this.#onEnd)
    stream.addEventListener('close', this.#onClose)
    limits.signal.addEventListener('abort', this.#onAbort)
  }

  /** The whole frames at hand. */
  take(): Uint8Array[] {
    if (this.#bytes.byteLength < this.#needed) return []
    const bytes = this.#bytes.subarray()
    const frames: Uint8Array[] = []
    let at = 0
    while (frames.length < MAX_BATCH) {
      const { start, end } = nextFrame(bytes, at, this.#limits.maxFrameBytes)
      this.#needed = end - at
      if (end > bytes.byteLength) break
      frames.push(bytes.subarray(start, end))
      at = end
    }
    if (at > 0) this.#bytes.consume(at)
    if (frames.length > 0) this.#frameBeganAtMs = undefined
    if (frames.length === MAX_BATCH) this.#needed = 1
    return frames
  }

  /** Waits for more bytes; false at the end of the stream. */
  async more(): Promise<boolean> {
    this.#limits.signal.throwIfAborted()
    if (this.#ended) {
      if (this.#error !== undefined) throw this.#error
      if (this.#bytes.byteLength > 0) throw new FramingError('the stream ended within a frame')
      return false
    }
    this.#wake = Promise.withResolvers()
    const timer = this.#frameTimer()
    this.#resume()
    try {
      await this.#wake.promise
    } finally {
      clearTimeout(timer)
    }
    return true
  }

  close(): void {
    this.#stream.removeEventListener('message', this.#onMessage)
    this.#stream.removeEventListener('end', this.#onEnd)
    this.#stream.removeEventListener('close', this.#onClose)
    this.#limits.signal.removeEventListener('abort', this.#onAbort)
  }

  /** From the first byte of a frame on, however slowly the others trickle in. */
  #frameTimer(): NodeJS.Timeout | undefined {
    if (this.#bytes.byteLength === 0) return undefined
    this.#frameBeganAtMs ??= performance.now()
    const leftMs = this.#frameBeganAtMs + this.#limits.frameTimeoutMs - performance.now()
    const late = (): void => this.#wake?.reject(new TimeoutError('a frame did not arrive in time'))
    return setTimeout(late, Math.max(0, leftMs))
  }

  #onMessage = (event: StreamMessageEvent): void => {
    this.#bytes.append(event.data)
    if (
      this.#bytes.byteLength > PAUSE_ABOVE_BYTES &&
      !this.#paused &&
      this.#stream.status === 'open'
    ) {
      this.#paused = true
      this.#stream.pause()
    }
    this.#wake?.resolve()
  }

  #onEnd = (): void => {
    this.#ended = true
    this.#wake?.resolve()
  }

  #onClose = (event: StreamCloseEvent): void => {
    this.#error = event.error
    this.#onEnd()
  }

  #onAbort = (): void => {
    this.#wake?.reject(this.#limits.signal.reason)
  }

  #resume(): void {
    if (!this.#paused || this.#stream.readStatus !== 'paused') return
    this.#paused = false
    this.#stream.resume()
  }
}

/** Where the frame that begins at `at` has its body; an end beyond the bytes says how many are needed. */
function nextFrame(
  bytes: Uint8Array,
  at: number,
  maxBytes: number
): { start: number; end: number } {
  let length = 0
  for (let digit = 0; digit < 4; digit++) {
    const byte = bytes[at + digit]
    if (byte === undefined) return { start: at, end: at + digit + 1 }
    length += (byte & 0x7f) * 2 ** (7 * digit)
    if (byte >= 0x80) continue
    if (length > maxBytes) break
    return { start: at + digit + 1, end: at + digit + 1 + length }
  }
  throw new FramingError(`a frame is longer than ${maxBytes} bytes`)
}
