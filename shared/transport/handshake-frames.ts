// What a handshake of Noise reads and writes: whole frames. The library's reader takes the length byte by byte, each by
// promises of its own, and throws and catches an error for the first of the two.
import type { AbortOptions, MessageStream } from '@libp2p/interface'
import { UnexpectedEOFError } from '@libp2p/utils'
import { Uint8ArrayList } from 'uint8arraylist'
import { asError } from '../as-error.ts'
import { NoiseFrames } from './noise-frames.ts'

/** The library's: far more than comes behind the last message while its signature is checked. */
const MAX_ARRIVED_BYTES = 4 * 1024 * 1024

/** A frame of 65,535 bytes in the smallest packets that are usual takes 130; each piece costs some 100 bytes to keep. */
const MAX_PIECES = 1024

/** Holds a frame that has not arrived whole, and what came with the piece that ended the last one. */
export class HandshakeFrames {
  readonly #stream: MessageStream
  readonly #signal: AbortSignal | undefined
  readonly #arrived = new Uint8ArrayList()
  readonly #frames = new NoiseFrames(this.#arrived)
  #news: PromiseWithResolvers<void> | undefined
  #end: Error | undefined
  #pieces = 0

  /** `signal`: for all that is read. */
  constructor(stream: MessageStream, { signal }: AbortOptions = {}) {
    this.#stream = stream
    this.#signal = signal
    stream.addEventListener('message', this.#onMessage)
    stream.addEventListener('close', this.#onClose)
    stream.addEventListener('remoteCloseWrite', this.#onLast)
    signal?.addEventListener('abort', this.#onAbort)
    if (signal?.aborted === true) this.#onAbort()
    if (stream.status !== 'open') this.#finish()
  }

  /** The next frame without its length. Throws when the signal aborts, or the remote ends before. */
  async read(): Promise<Uint8ArrayList> {
    for (;;) {
      for (const frame of this.#frames.decode()) return frame
      if (this.#end !== undefined) throw this.#end
      this.#news = Promise.withResolvers()
      await this.#news.promise
    }
  }

  async write(message: Uint8Array | Uint8ArrayList, options?: AbortOptions): Promise<void> {
    const length = Uint8Array.of(message.byteLength >> 8, message.byteLength)
    const hasRoom = this.#stream.send(new Uint8ArrayList(length, message))
    if (!hasRoom) await this.#stream.onDrain(options)
  }

  /** Reads no more: what came behind the last frame is for the next reader of the connection. */
  unwrap(): MessageStream {
    this.#stream.removeEventListener('message', this.#onMessage)
    this.#stream.removeEventListener('close', this.#onClose)
    this.#stream.removeEventListener('remoteCloseWrite', this.#onLast)
    this.#signal?.removeEventListener('abort', this.#onAbort)
    const rest = this.#arrived.sublist()
    if (rest.byteLength > 0 && this.#stream.status === 'open') this.#stream.unshift(rest)
    return this.#stream
  }

  #onMessage = ({ data }: { data: Uint8Array | Uint8ArrayList }): void => {
    this.#arrived.append(data)
    this.#news?.resolve()
    this.#pieces++
    if (this.#arrived.byteLength > MAX_ARRIVED_BYTES)
      this.#stream.abort(new Error(`more than ${MAX_ARRIVED_BYTES} bytes came in a handshake`))
    else if (this.#pieces > MAX_PIECES)
      this.#stream.abort(new Error(`a handshake came in more than ${MAX_PIECES} pieces`))
  }

  #onClose = ({ error }: { error?: Error }): void => this.#finish(error)

  /** Is told ahead of the bytes that come with it, which are read first. */
  #onLast = (): void => this.#finish()

  #onAbort = (): void => this.#finish(asError(this.#signal?.reason))

  #finish(error: Error = new UnexpectedEOFError('the connection ended in the handshake')): void {
    this.#end ??= error
    this.#news?.resolve()
  }
}
