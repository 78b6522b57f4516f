// Sends to and receives from peers that only speak the seed system's `/p2p/msg/1.0.0`: one text a stream, in order.
// There are no acks: a text counts as delivered when it was written whole and the remote has ended the stream.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Stream } from '@libp2p/interface'
import { asError } from '../../shared/as-error.ts'
import {
  decodeMsg,
  encodeMsg,
  MAX_MSG_BYTES,
  MSG_PROTOCOL,
  MsgFormatError
} from '../../shared/wire/msg.ts'
import { readFrames } from './frames.ts'
import type { Entry } from './outgoing-ledger.ts'
import type { Sender, SenderConfig } from './session.ts'
import { endStream, keepQuiet } from './streams.ts'
import type { Turns } from './turns.ts'

export interface PlainConfig extends SenderConfig {
  /** The remote cannot take this message; it does not wait any longer. */
  onRefused: (entry: Entry, reason: string) => void
  /** Only one text of a conversation is on its way at a time, also while it moves. */
  turns: Turns
  /** Called before each try of a message; false: it has been tried often enough. */
  mayTry: (entry: Entry) => boolean
}

/** No stream is opened before there is something to send: an empty one would look like a fault to the remote. */
export function openPlain(config: PlainConfig): Sender {
  return new PlainSender(config)
}

class PlainSender implements Sender {
  readonly connection: Sender['connection']
  readonly #config: PlainConfig
  readonly #stop = new AbortController()
  readonly #ended = Promise.withResolvers<Error | undefined>()
  readonly ended = this.#ended.promise
  #running: Promise<void> | undefined
  #sending = true

  constructor(config: PlainConfig) {
    this.connection = config.connection
    this.#config = config
  }

  pump(): void {
    if (!this.#sending) return
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined
      if (this.#sending && this.#config.ledger.first !== undefined) this.pump()
    })
  }

  /** The protocol has no word for it. */
  bye(): void {
    this.#sending = false
  }

  async close(signal: AbortSignal): Promise<void> {
    this.#sending = false
    const giveUp = (): void => this.abort(asError(signal.reason))
    signal.addEventListener('abort', giveUp)
    if (signal.aborted) giveUp()
    await this.#running
    signal.removeEventListener('abort', giveUp)
  }

  abort(error: Error): void {
    this.#sending = false
    this.#stop.abort(error)
    this.#ended.resolve(undefined)
  }

  async #run(): Promise<void> {
    const { ledger, turns } = this.#config
    try {
      while (this.#sending && ledger.first !== undefined) await turns.take(() => this.#sendFirst())
    } catch (error) {
      this.#ended.resolve(this.#sending ? asError(error) : undefined)
      this.abort(asError(error))
    }
  }

  async #sendFirst(): Promise<void> {
    const { ledger, onAck, onRefused, mayTry } = this.#config
    const entry = ledger.first
    if (entry === undefined || !this.#sending) return
    const bytes = encodeMsg(entry.text)
    if (bytes instanceof MsgFormatError) return onRefused(entry, TOO_LONG)
    if (!mayTry(entry)) return onRefused(entry, 'this peer never confirmed that it arrived')
    ledger.handOver(entry.seq)
    await this.#sendOne(bytes)
    onAck(entry.seq)
  }

  async #sendOne(bytes: Uint8Array): Promise<void> {
    const { connection, openStream, timing } = this.#config
    const signal = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(timing.ackTimeoutMs)])
    const stream = await openStream(connection, MSG_PROTOCOL, { signal })
    // Without a listener for what comes in, the end would not be told either.
    stream.addEventListener('message', ignore)
    let confirmed = false
    stream.addEventListener('remoteCloseWrite', () => (confirmed = true))
    // rust-yamux resets a stream that its owner drops before the FIN has been read: the text was read all the same.
    stream.addEventListener(
      'close',
      ({ error }) => (confirmed ||= error?.name === 'StreamResetError')
    )
    try {
      stream.send(bytes)
      await endStream(stream, signal)
      // A connection that breaks closes its streams without an error.
      if (!confirmed) throw new Error('the text was not taken in time')
    } finally {
      if (stream.status === 'open') stream.abort(new Error('nothing more to say'))
    }
  }
}

/** For the user. */
export const TOO_LONG = `this peer speaks only ${MSG_PROTOCOL}, which takes at most ${MAX_MSG_BYTES} bytes`

function ignore(): void {
  // Nothing comes back in this protocol.
}

/**
 * Reads the text of one inbound stream, lets it be kept, and closes the stream; resets it and tells why otherwise.
 *
 * @param options.turnMs asked when the text is there: how long it has to wait, and with it a sender that waits for the
 *   end of its stream; longer than `timeoutMs` is refused
 */
export async function receivePlain(
  stream: Stream,
  options: {
    timeoutMs: number
    signal: AbortSignal
    turnMs: () => number
    keep: (text: string) => Promise<void>
  }
): Promise<Error | undefined> {
  const signal = AbortSignal.any([options.signal, AbortSignal.timeout(options.timeoutMs)])
  try {
    keepQuiet(stream)
    const text = await firstText(stream, signal, options.timeoutMs)
    const waitMs = options.turnMs()
    if (waitMs > options.timeoutMs) throw new Error('too many messages at once')
    if (waitMs > 0) await sleep(waitMs, undefined, { signal: options.signal })
    if (text !== '') await options.keep(text)
    void endStream(
      stream,
      AbortSignal.any([options.signal, AbortSignal.timeout(options.timeoutMs)])
    )
    return undefined
  } catch (error) {
    stream.abort(asError(error))
    return asError(error)
  }
}

async function firstText(
  stream: Stream,
  signal: AbortSignal,
  frameTimeoutMs: number
): Promise<string> {
  for await (const [bytes] of readFrames(stream, {
    maxFrameBytes: MAX_MSG_BYTES,
    frameTimeoutMs,
    signal
  })) {
    const text = decodeMsg(bytes ?? new Uint8Array())
    if (text instanceof MsgFormatError) throw text
    return text
  }
  throw new MsgFormatError('the stream ended before a message')
}
