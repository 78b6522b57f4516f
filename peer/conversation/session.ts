// Drives the stream on which we send, once it is welcomed: messages as far as the window goes, acks, BYE.
// Each side opens its own, so that each can move to a better connection when it sees fit.
import type { Connection, Stream } from '@libp2p/interface'
import { asError } from '../../shared/as-error.ts'
import type { Hello } from '../../shared/wire/chat.ts'
import { ChatFormatError, decodeChatFrame, encodeChatFrame } from '../../shared/wire/chat.ts'
import { AckWatch } from './ack-watch.ts'
import type { Entry, OutgoingLedger } from './outgoing-ledger.ts'
import { type ConversationTiming, IN_FLIGHT, SEND_CHUNK_BYTES } from './timing.ts'

/** Opens a stream of one protocol; may answer before the remote has agreed, as long as reading then fails. */
export type OpenStream = (
  connection: Connection,
  protocol: string,
  options: { signal: AbortSignal }
) => Promise<Stream>

/** The sending end of a conversation on one connection, whatever it speaks. */
export interface Sender {
  readonly connection: Connection
  /** Resolves when nothing more can be sent: to the error that broke the stream, to nothing when we ended it. */
  readonly ended: Promise<Error | undefined>
  /** Sends what waits in the ledger, as far as the remote takes it. */
  pump(): void
  /** Tells the remote that we leave. */
  bye(reason: string): void
  /** Sends nothing more, waits for the last acks, then closes; aborts the stream when the signal does. */
  close(signal: AbortSignal): Promise<void>
  abort(error: Error): void
}

export interface SenderConfig {
  connection: Connection
  openStream: OpenStream
  ledger: OutgoingLedger
  /** Called when the stream is written, so that `nextSeq` is current. */
  hello: () => Hello
  timing: ConversationTiming
  /** Ends the attempt to open; later `close` and `abort` do. */
  signal: AbortSignal
  /** Takes a cumulative acknowledgement; a returned sentence says why it cannot be right. */
  onAck: (received: number) => string | undefined
  /** Acknowledgements that should have come have not: the connection may be dead. Called again while it lasts. */
  onStall: () => void
  /** WELCOME tells of more than was ever sent in this epoch, or of a younger one: the next stream needs another. */
  onAhead?: () => void
}

/** The remote does not want this conversation; its own words. */
export class ConversationRefusedError extends Error {
  override name = 'ConversationRefusedError'
}

/** The remote sent what the protocol does not allow at that point. */
export class ChatProtocolError extends Error {
  override name = 'ChatProtocolError'
}

/** What the handshake has read beyond WELCOME, and how to read on and stop. */
export interface Reading {
  rest: Uint8Array[]
  batches: AsyncGenerator<Uint8Array[], void, undefined>
  reading: AbortController
}

export class ChatSender implements Sender {
  readonly connection: Connection
  readonly #config: SenderConfig
  readonly #stream: Stream
  readonly #reading: AbortController
  readonly #finished: Promise<void>
  readonly #ended = Promise.withResolvers<Error | undefined>()
  readonly ended = this.#ended.promise
  #next: number
  #sending = true
  #pumpScheduled = false
  readonly #watch: AckWatch

  constructor(config: SenderConfig, stream: Stream, next: number, read: Reading) {
    this.connection = config.connection
    this.#config = config
    this.#stream = stream
    this.#next = next
    this.#reading = read.reading
    const { ledger, timing, onStall } = config
    const oldestBytes = (): number => ledger.bytesUpTo(ledger.acknowledged + 1)
    const onLate = (error: Error): void => this.#end(error)
    const acknowledged = (): number => ledger.acknowledged
    this.#watch = new AckWatch({ timing, oldestBytes, acknowledged, onStall, onLate })
    stream.addEventListener('drain', this.#pumpNow)
    this.#finished = this.#readAcks(read)
  }

  pump(): void {
    if (this.#pumpScheduled) return
    // A burst of messages in one tick costs one write.
    this.#pumpScheduled = true
    queueMicrotask(this.#pumpNow)
  }

  bye(reason: string): void {
    this.#sending = false
    try {
      if (writable(this.#stream)) this.#stream.send(encodeChatFrame({ kind: 'bye', reason }))
    } catch {
      // The stream broke just now: the remote will notice by itself.
    }
  }

  async close(signal: AbortSignal): Promise<void> {
    this.#sending = false
    const giveUp = (): void => this.abort(asError(signal.reason))
    signal.addEventListener('abort', giveUp)
    if (signal.aborted) giveUp()
    try {
      await this.#stream.close({ signal })
      await this.#finished
    } catch (error) {
      this.abort(asError(error))
    } finally {
      signal.removeEventListener('abort', giveUp)
    }
  }

  abort(error: Error): void {
    this.#sending = false
    this.#watch.stop()
    this.#stream.abort(error)
    this.#reading.abort(error)
    this.#ended.resolve(undefined)
  }

  #pumpNow = (): void => {
    this.#pumpScheduled = false
    try {
      while (this.#sending && writable(this.#stream)) {
        const chunk = this.#takeChunk()
        if (chunk.length === 0) return
        this.#stream.send(Buffer.concat(chunk.map(encode)))
        this.#watch.sent()
      }
    } catch (error) {
      this.#end(asError(error))
    }
  }

  /** The next messages, as far as the window and one write go. */
  #takeChunk(): Entry[] {
    const { ledger } = this.#config
    // The stream that carried the conversation before may have been acknowledged beyond what this one has sent.
    this.#next = Math.max(this.#next, ledger.acknowledged + 1)
    const chunk: Entry[] = []
    for (let bytes = 0; bytes < SEND_CHUNK_BYTES;) {
      const entry = ledger.at(this.#next)
      if (entry === undefined || !this.#fitsWindow(entry)) break
      bytes += ledger.bytesUpTo(entry.seq) - ledger.bytesUpTo(entry.seq - 1)
      chunk.push(entry)
      this.#next++
    }
    ledger.handOver(this.#next - 1)
    return chunk
  }

  #fitsWindow(entry: Entry): boolean {
    const { ledger } = this.#config
    const messages = entry.seq - ledger.acknowledged
    return (
      messages === 1 ||
      (messages <= IN_FLIGHT.maxMessages && ledger.bytesUpTo(entry.seq) <= IN_FLIGHT.maxBytes)
    )
  }

  async #readAcks({ rest, batches }: Reading): Promise<void> {
    try {
      this.#takeFrames(rest)
      for await (const frames of batches) this.#takeFrames(frames)
      throw new Error('the remote ended the stream')
    } catch (error) {
      this.#end(asError(error))
    }
  }

  #takeFrames(frames: Uint8Array[]): void {
    let received: number | undefined
    for (const bytes of frames) {
      const frame = decodeChatFrame(bytes)
      if (frame instanceof ChatFormatError) throw frame
      if (frame.kind === 'bye')
        throw new ConversationRefusedError(frame.reason ?? 'without a reason')
      if (frame.kind === 'ack') received = Math.max(received ?? 0, frame.received)
      else if (frame.kind !== 'unknown')
        throw new ChatProtocolError(`${frame.kind} came instead of an ack`)
    }
    if (received !== undefined) this.#takeAck(received)
  }

  #takeAck(received: number): void {
    const before = this.#config.ledger.acknowledged
    const wrong = this.#config.onAck(received)
    if (wrong !== undefined) throw new ChatProtocolError(wrong)
    if (this.#config.ledger.acknowledged === before) return
    const onTheWay = this.#config.ledger.acknowledged + 1 < this.#next
    this.#watch.acknowledged({ onTheWay: onTheWay && this.#sending })
    this.pump()
  }

  /** Safe to call again: the stream's end follows its abort. */
  #end(error: Error): void {
    this.#ended.resolve(this.#sending ? error : undefined)
    this.abort(error)
    this.#stream.removeEventListener('drain', this.#pumpNow)
  }
}

function writable(stream: Stream): boolean {
  return stream.writeStatus === 'writable' && !stream.writableNeedsDrain
}

function encode({ seq, id, room, sentAtMs, text }: Entry): Uint8Array {
  const message = { kind: 'message' as const, seq, id, sentAtMs, text }
  return encodeChatFrame(room === undefined ? message : { ...message, room })
}
