// Requests to a rendezvous server over one connection: on one kept stream where the server answers several on it,
// as ours does, and on a stream each where it closes after the first, as rust-libp2p does.
import { UnsupportedProtocolError, type Connection, type Stream } from '@libp2p/interface'
import { lpStream, type LengthPrefixedStream } from '@libp2p/utils'
import { asError } from '../../shared/as-error.ts'
import { deadline } from '../../shared/deadline.ts'
import {
  decodeMessage,
  encodeMessage,
  MAX_REPLY_BYTES,
  RENDEZVOUS_PROTOCOL,
  type RendezvousMessage
} from '../../shared/wire/rendezvous.ts'

/** From the request to the end of its reply. A relay that takes longer is as good as gone. */
const REPLY_DEADLINE_MS = 10_000

/** For what is said in parting. */
const CLOSE_DEADLINE_MS = 1000

/** What is used of a connection. */
export type RelayConnection = Pick<Connection, 'newStream' | 'status'>

export interface RendezvousChannel extends AsyncDisposable {
  readonly connection: RelayConnection
  /** Opens its stream, to be asked on later. */
  open(options: { signal: AbortSignal }): Promise<void>
  /**
   * Resolves with the reply. Several requests may be under way; the server sees them in the order of the calls as
   * long as it answers them on one stream. Throws when no reply comes within 10 s.
   */
  ask(request: RendezvousMessage, options: { signal: AbortSignal }): Promise<RendezvousMessage>
  /** For requests that have no reply. */
  tell(request: RendezvousMessage, options: { signal: AbortSignal }): Promise<void>
}

export function rendezvousChannel(connection: RelayConnection): RendezvousChannel {
  return new Channel(connection)
}

class Channel implements RendezvousChannel {
  readonly connection: RelayConnection
  #kept: Promise<Line> | undefined
  #oneRequestPerStream = false

  constructor(connection: RelayConnection) {
    this.connection = connection
  }

  async open({ signal }: { signal: AbortSignal }): Promise<void> {
    await this.#keep(signal)
  }

  async ask(
    request: RendezvousMessage,
    options: { signal: AbortSignal }
  ): Promise<RendezvousMessage> {
    using limit = deadline(options.signal, REPLY_DEADLINE_MS, 'no answer within 10 s')
    if (!this.#oneRequestPerStream) {
      const line = await this.#keep(limit.signal)
      try {
        if (!line.closedByRemote) return await line.ask(request, limit.signal)
      } catch (error) {
        limit.signal.throwIfAborted()
        if (!line.closedByRemote) throw error
      }
      this.#oneRequestPerStream = true
      void line.close()
    }
    const line = await this.#open(limit.signal)
    try {
      return await line.ask(request, limit.signal)
    } finally {
      void line.close()
    }
  }

  async tell(request: RendezvousMessage, options: { signal: AbortSignal }): Promise<void> {
    using limit = deadline(options.signal, REPLY_DEADLINE_MS, 'not sent within 10 s')
    if (!this.#oneRequestPerStream) {
      await (await this.#keep(limit.signal)).tell(request, limit.signal)
      return
    }
    const line = await this.#open(limit.signal)
    await line.tell(request, limit.signal)
    await line.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const line = await this.#kept?.catch(() => undefined)
    this.#kept = undefined
    await line?.close()
  }

  /** The kept stream, opened anew when it has ended. */
  async #keep(signal: AbortSignal): Promise<Line> {
    const kept = this.#kept
    const line = await kept?.catch(() => undefined)
    if (line?.usable === true) return line
    // Another request may have opened the next one meanwhile.
    if (this.#kept === kept) this.#kept = this.#open(signal)
    return this.#kept ?? this.#open(signal)
  }

  async #open(signal: AbortSignal): Promise<Line> {
    // A round trip less; whoever does not speak the protocol ends the stream at the first read.
    const options = { signal, optimistic: true }
    const stream = await this.connection.newStream(RENDEZVOUS_PROTOCOL, options)
    return new Line(stream)
  }
}

/** A stream on which replies come in the order of the requests. One failure ends it: what follows would be out of step. */
class Line {
  readonly #stream: Stream
  readonly #frames: LengthPrefixedStream<Stream>
  #replies: Promise<unknown> = Promise.resolve()
  #failed = false
  #closedByRemote = false

  constructor(stream: Stream) {
    this.#stream = stream
    this.#frames = lpStream(stream, { maxDataLength: MAX_REPLY_BYTES })
  }

  get usable(): boolean {
    return !this.#failed && this.#stream.status === 'open'
  }

  /** The remote has ended its side, by closing or by a reset, and not because of a failure of ours. */
  get closedByRemote(): boolean {
    return this.#closedByRemote || (!this.#failed && this.#remoteHasClosed)
  }

  get #remoteHasClosed(): boolean {
    return this.#stream.remoteWriteStatus !== 'writable' || this.#stream.status !== 'open'
  }

  async ask(request: RendezvousMessage, signal: AbortSignal): Promise<RendezvousMessage> {
    const before = this.#replies
    const sent = this.#frames.write(encodeMessage(request), { signal })
    const reply = Promise.all([before, sent]).then(() => this.#frames.read({ signal }))
    this.#replies = reply
    reply.catch(() => undefined)
    try {
      return decodeMessage((await reply).subarray())
    } catch (error) {
      this.#fail(error, signal)
      throw error
    }
  }

  async tell(request: RendezvousMessage, signal: AbortSignal): Promise<void> {
    await this.#frames.write(encodeMessage(request), { signal })
  }

  async close(): Promise<void> {
    const signal = AbortSignal.timeout(CLOSE_DEADLINE_MS)
    await this.#stream.close({ signal }).catch((error: Error) => this.#stream.abort(error))
  }

  #fail(error: unknown, signal: AbortSignal): void {
    if (this.#failed) return
    this.#failed = true
    const isRefused = error instanceof UnsupportedProtocolError
    this.#closedByRemote = !signal.aborted && !isRefused && this.#remoteHasClosed
    this.#stream.abort(asError(error))
  }
}
