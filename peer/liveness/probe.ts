// Asks the other end of one connection for a sign of life: /ipfs/ping/1.0.0, on a stream that is kept open, so that
// a quiet minute costs a few packets. Over a relay as well; the NATs on the way keep their mappings by it.
// https://github.com/libp2p/specs/blob/master/ping/ping.md
import type { Connection, Stream } from '@libp2p/interface'
import { PING_BYTES, PING_PROTOCOL } from '../../shared/answer-pings.ts'
import { deadline } from '../../shared/deadline.ts'
import { openAtOnce } from '../../shared/transport/optimistic-streams.ts'
import { isUnsupported } from '../conversation/streams.ts'

export class Probe {
  readonly #connection: Connection
  #stream: Stream | undefined
  #heard: (() => void) | undefined

  constructor(connection: Connection) {
    this.#connection = connection
  }

  /**
   * True when the remote has answered within `timeoutMs`, whatever it answered: a refusal is a sign of life as well. A
   * connection on which no stream can be opened is none, though its transport may stand.
   * Rejects with the signal's reason only. One call at a time.
   */
  async answers(timeoutMs: number, signal: AbortSignal): Promise<boolean> {
    using late = deadline(signal, timeoutMs, 'no answer to a ping')
    try {
      await this.#ask(await this.#open(late.signal), late.signal)
      return true
    } catch (error) {
      signal.throwIfAborted()
      return isUnsupported(error) || isReset(error)
    }
  }

  /** Ends the kept stream; the next call opens another. */
  close(): void {
    this.#stream?.abort(new Error('nothing is asked any more'))
    this.#stream = undefined
  }

  async #ask(stream: Stream, signal: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const aborted = (): void => reject(signal.reason)
    signal.addEventListener('abort', aborted, { once: true })
    this.#heard = resolve
    try {
      signal.throwIfAborted()
      stream.send(crypto.getRandomValues(new Uint8Array(PING_BYTES)))
      await promise
    } catch (error) {
      // An answer that comes late after all must not pass for the next one's.
      this.close()
      throw error
    } finally {
      this.#heard = undefined
      signal.removeEventListener('abort', aborted)
    }
  }

  async #open(signal: AbortSignal): Promise<Stream> {
    const kept = this.#stream
    if (kept?.status === 'open' && kept.writeStatus === 'writable') return kept
    this.close()
    const stream = await openAtOnce(this.#connection, PING_PROTOCOL, { signal })
    const heard = (): void => {
      if (this.#stream === stream) this.#heard?.()
    }
    stream.addEventListener('message', heard)
    stream.addEventListener('remoteCloseWrite', heard)
    stream.addEventListener('close', heard)
    this.#stream = stream
    return stream
  }
}

/** The remote has ended the stream. */
const isReset = (error: unknown): boolean =>
  error instanceof Error && error.name === 'StreamResetError'
