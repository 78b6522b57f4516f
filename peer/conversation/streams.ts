// What libp2p's streams need said beside reading and writing: that silence is no fault, and how to end for certain.
import type { Stream } from '@libp2p/interface'
import { asError } from '../../shared/as-error.ts'

/** The largest delay of a timer, 24 days. */
const NEVER_MS = 2 ** 31 - 1

/** What a stream may hold while paused: more than an honest sender has on its way. */
const MAX_PAUSED_BYTES = 2 * 1024 * 1024

/** A quiet conversation is no reason to cut its stream (libp2p's default would be two minutes). */
export function keepQuiet(stream: Stream): void {
  stream.inactivityTimeout = NEVER_MS
  stream.maxReadBufferLength = MAX_PAUSED_BYTES
}

/** Ends our side and waits for the remote's end; aborts the stream when the signal does. Never rejects. */
export async function endStream(stream: Stream, signal: AbortSignal): Promise<void> {
  try {
    await stream.close({ signal })
    if (stream.status === 'open') await next(stream, ['close'], signal)
  } catch (error) {
    stream.abort(asError(error))
  }
}

/**
 * Resolves when the stream can be written again or has closed, rejects with the signal's reason.
 * Not `stream.onDrain()`: after its first drain that one resolves at once for ever.
 */
export async function drained(stream: Stream, signal: AbortSignal): Promise<void> {
  await next(stream, ['drain', 'close'], signal)
}

async function next(
  stream: Stream,
  events: Array<'drain' | 'close'>,
  signal: AbortSignal
): Promise<void> {
  signal.throwIfAborted()
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const done = (): void => resolve()
  const late = (): void => reject(asError(signal.reason))
  for (const event of events) stream.addEventListener(event, done)
  signal.addEventListener('abort', late)
  try {
    await promise
  } finally {
    for (const event of events) stream.removeEventListener(event, done)
    signal.removeEventListener('abort', late)
  }
}

/** The remote does not speak that protocol. */
export function isUnsupported(error: unknown): boolean {
  for (let at = error; at instanceof Error; at = at.cause) {
    if (at.name === 'UnsupportedProtocolError') return true
  }
  return false
}
