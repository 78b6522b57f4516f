// The end of a stream that has served.
import type { Stream } from '@libp2p/interface'

/**
 * Closes our half, and waits for the remote's: one that keeps it open would keep the stream, and its place among the
 * connection's streams. Throws when the signal aborts before; the stream is then to be aborted.
 */
export async function closeBothWays(
  stream: Stream,
  { signal }: { signal: AbortSignal }
): Promise<void> {
  // There is nothing more to say: whatever else has come or comes is not kept.
  await stream.closeRead({ signal })
  const over = Promise.withResolvers<void>()
  stream.addEventListener('close', () => over.resolve(), { once: true })
  signal.addEventListener('abort', () => over.resolve(), { once: true })
  await stream.close({ signal })
  if (stream.status === 'open' || stream.status === 'closing') await over.promise
  signal.throwIfAborted()
}
