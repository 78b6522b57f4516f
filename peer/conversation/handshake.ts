// Begins the stream on which we send: opens it, introduces us, learns what the remote has already got.
import { asError } from '../../shared/as-error.ts'
import {
  type Hello,
  type Welcome,
  CHAT_LIMITS,
  CHAT_PROTOCOL,
  ChatFormatError,
  decodeChatFrame,
  encodeChatFrame
} from '../../shared/wire/chat.ts'
import { readFrames } from './frames.ts'
import {
  ChatProtocolError,
  ChatSender,
  ConversationRefusedError,
  type Sender,
  type SenderConfig
} from './session.ts'
import { keepQuiet } from './streams.ts'

/**
 * Opens the stream and waits for WELCOME; what the remote has is acknowledged before this resolves.
 * Rejects with UnsupportedProtocolError, ConversationRefusedError, ChatProtocolError, or why the stream broke.
 */
export async function openChat(config: SenderConfig): Promise<Sender> {
  const { connection, openStream, signal, timing } = config
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(timing.welcomeTimeoutMs)])
  const stream = await openStream(connection, CHAT_PROTOCOL, { signal: deadline })
  const reading = new AbortController()
  const giveUp = (): void => reading.abort(deadline.reason)
  deadline.addEventListener('abort', giveUp)
  try {
    deadline.throwIfAborted()
    keepQuiet(stream)
    const batches = readFrames(stream, {
      maxFrameBytes: CHAT_LIMITS.maxFrameBytes,
      frameTimeoutMs: timing.frameTimeoutMs,
      signal: reading.signal
    })
    const hello = config.hello()
    stream.send(encodeChatFrame(hello))
    const { welcome, rest } = await welcomed(batches, hello)
    const replaced = welcome.epoch !== hello.epoch
    const wrong = replaced ? 'WELCOME is for another epoch' : config.onAck(welcome.received)
    if (wrong !== undefined) {
      config.onAhead?.()
      throw new ChatProtocolError(wrong)
    }
    return new ChatSender(config, stream, welcome.received + 1, { rest, batches, reading })
  } catch (error) {
    stream.abort(asError(error))
    throw error
  } finally {
    deadline.removeEventListener('abort', giveUp)
  }
}

/** The answer to HELLO, and what came in with it. */
async function welcomed(
  batches: AsyncGenerator<Uint8Array[], void, undefined>,
  hello: Hello
): Promise<{ welcome: Welcome; rest: Uint8Array[] }> {
  for (;;) {
    const { value: frames, done } = await batches.next()
    if (done === true) throw new ChatProtocolError('the stream ended before WELCOME')
    for (const [index, bytes] of frames.entries()) {
      const frame = decodeChatFrame(bytes)
      if (frame instanceof ChatFormatError) throw frame
      if (frame.kind === 'unknown') continue
      if (frame.kind === 'bye')
        throw new ConversationRefusedError(frame.reason ?? 'without a reason')
      if (frame.kind !== 'welcome') throw new ChatProtocolError(`${frame.kind} came before WELCOME`)
      checkWelcome(frame, hello)
      return { welcome: frame, rest: frames.slice(index + 1) }
    }
  }
}

function checkWelcome(welcome: Welcome, hello: Hello): void {
  if (welcome.epoch === hello.epoch && welcome.received < hello.nextSeq - 1) {
    throw new ChatProtocolError(
      `WELCOME asks for number ${welcome.received + 1}, acknowledged before`
    )
  }
}
