// Drives a stream on which a peer sends to us: HELLO, WELCOME, messages in, one ack a batch, BYE.
import type { Stream } from '@libp2p/interface'
import { asError } from '../../shared/as-error.ts'
import {
  type Bye,
  CHAT_LIMITS,
  ChatFormatError,
  type ChatFrame,
  type ChatMessage,
  decodeChatFrame,
  encodeChatFrame,
  type Hello
} from '../../shared/wire/chat.ts'
import { readFrames } from './frames.ts'
import type { Begun } from './incoming-ledger.ts'
import type { Refusal } from './ledger.ts'
import type { Accepted } from './reception.ts'
import { ChatProtocolError } from './session.ts'
import { drained, endStream, keepQuiet } from './streams.ts'
import type { ConversationTiming } from './timing.ts'

export interface InboundConfig {
  timing: ConversationTiming
  /** Aborts the stream. */
  signal: AbortSignal
  /** Whether we listen to this peer, and what we have of its epoch. */
  hello: (hello: Hello) => Begun | Refusal
  /** Keeps and shows messages; resolves to what can be acknowledged once that is synced. */
  accept: (epoch: string, messages: ChatMessage[]) => Promise<Accepted>
  /** Resolves when everything accepted so far outlives a power failure; rejects when the signal aborts. */
  synced: (signal: AbortSignal) => Promise<void>
  bye: (bye: Bye) => void
}

/**
 * Serves the stream until its end. Never rejects: what the remote does wrong is answered with BYE and its reason,
 * and the stream is reset. Returns the error that ended it, if one did.
 */
export async function serveChat(stream: Stream, config: InboundConfig): Promise<Error | undefined> {
  const { signal, timing } = config
  const reading = new AbortController()
  const giveUp = (): void => reading.abort(signal.reason)
  signal.addEventListener('abort', giveUp)
  if (signal.aborted) giveUp()
  try {
    keepQuiet(stream)
    await serve(new Listener(stream, config, reading), stream, reading)
    await endStream(stream, AbortSignal.timeout(timing.drainTimeoutMs))
    return undefined
  } catch (error) {
    await refuse(stream, asError(error))
    return asError(error)
  } finally {
    signal.removeEventListener('abort', giveUp)
  }
}

async function serve(listener: Listener, stream: Stream, reading: AbortController): Promise<void> {
  const batches = readFrames(stream, {
    maxFrameBytes: CHAT_LIMITS.maxFrameBytes,
    frameTimeoutMs: listener.timing.frameTimeoutMs,
    signal: reading.signal
  })
  for await (const frames of batches) {
    const goesOn = await listener.take(frames)
    if (!goesOn) break
  }
  await listener.acknowledged()
}

/** The state of one inbound stream: who it is, once HELLO has come. */
class Listener {
  readonly timing: ConversationTiming
  readonly #stream: Stream
  readonly #config: InboundConfig
  readonly #helloTimer: NodeJS.Timeout
  readonly #reading: AbortController
  /** Aborts when nothing can be acknowledged any more; what has arrived is read to its end all the same. */
  readonly #open: AbortSignal
  #epoch: string | undefined
  /** The highest number received; it is acknowledged already unless `#acknowledging`. */
  #received = 0
  #acknowledging: Promise<void> | undefined

  constructor(stream: Stream, config: InboundConfig, reading: AbortController) {
    this.timing = config.timing
    this.#stream = stream
    this.#config = config
    this.#reading = reading
    const late = (): void => reading.abort(new ChatProtocolError('HELLO did not come in time'))
    this.#helloTimer = setTimeout(late, config.timing.welcomeTimeoutMs)
    const closed = new AbortController()
    this.#open = AbortSignal.any([reading.signal, closed.signal])
    const onClose = (): void => {
      clearTimeout(this.#helloTimer)
      closed.abort(new Error('the stream closed'))
    }
    stream.addEventListener('close', onClose, { once: true })
  }

  /** Handles a batch; false when the remote has left. */
  async take(frames: Uint8Array[]): Promise<boolean> {
    const messages: ChatMessage[] = []
    let bye: Bye | undefined
    let fault: Error | undefined
    for (const bytes of frames) {
      const frame = decodeChatFrame(bytes)
      if (frame instanceof ChatFormatError) fault = frame
      else if (frame.kind === 'hello') await this.#hello(frame)
      else if (frame.kind === 'message' && this.#epoch !== undefined) messages.push(frame)
      else if (frame.kind === 'bye') bye = frame
      else if (frame.kind !== 'unknown')
        fault = new ChatProtocolError(`${frame.kind} is not expected`)
      if (fault !== undefined || bye !== undefined) break
    }
    await this.#accept(messages)
    if (fault !== undefined) {
      await this.acknowledged()
      throw fault
    }
    if (bye !== undefined) this.#config.bye(bye)
    // Leaving one room is no end of the conversation.
    return bye === undefined || bye.room !== undefined
  }

  async #hello(hello: Hello): Promise<void> {
    if (this.#epoch !== undefined) throw new ChatProtocolError('HELLO came twice')
    clearTimeout(this.#helloTimer)
    const answer = this.#config.hello(hello)
    if (!answer.ok) throw new ChatProtocolError(answer.reason)
    this.#epoch = hello.epoch
    // It acknowledges as ACK does, also what another stream has brought a moment ago.
    await this.#config.synced(this.#open)
    await this.#write({ kind: 'welcome', epoch: answer.epoch, received: answer.received })
  }

  async #accept(messages: ChatMessage[]): Promise<void> {
    if (this.#epoch === undefined || messages.length === 0) return
    const answer = await this.#config.accept(this.#epoch, messages)
    if (!answer.ok) throw new ChatProtocolError(answer.reason)
    this.#received = Math.max(this.#received, answer.received)
    this.#acknowledging ??= this.#acknowledge()
  }

  /** Resolves when the remote has been told of everything that was accepted. */
  async acknowledged(): Promise<void> {
    await this.#acknowledging
  }

  /** While one sync runs, what comes in meanwhile is shown already, and shares the next. Never rejects. */
  async #acknowledge(): Promise<void> {
    try {
      for (let pending = 0; pending !== this.#received;) {
        pending = this.#received
        await this.#config.synced(this.#open)
        await this.#write({ kind: 'ack', received: pending })
      }
    } catch (error) {
      this.#reading.abort(asError(error))
    }
    this.#acknowledging = undefined
  }

  /** Waits when the remote does not take what we write, so that acks cannot pile up. */
  async #write(frame: ChatFrame): Promise<void> {
    if (this.#stream.writableNeedsDrain) {
      const deadline = AbortSignal.timeout(this.timing.ackTimeoutMs)
      await drained(this.#stream, AbortSignal.any([this.#reading.signal, deadline]))
    }
    if (this.#stream.writeStatus === 'writable') this.#stream.send(encodeChatFrame(frame))
  }
}

/** Tells the remote why, as far as it still listens, and resets the stream. */
async function refuse(stream: Stream, error: Error): Promise<void> {
  if (stream.status === 'open' && stream.writeStatus === 'writable' && !stream.writableNeedsDrain) {
    try {
      stream.send(encodeChatFrame({ kind: 'bye', reason: shortReason(error.message) }))
    } catch {
      // It broke just now.
    }
  }
  stream.abort(error)
}

/** As much of it as a frame takes. */
function shortReason(message: string): string {
  // Whole characters only: what is cut off within one is left out.
  const bytes = Buffer.from(message).subarray(0, CHAT_LIMITS.maxReasonBytes)
  return new TextDecoder().decode(bytes, { stream: true })
}
