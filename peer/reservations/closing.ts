// A wait that the end of a connection cuts short.
import type { Connection } from '@libp2p/interface'

/** Whether the connection ended within that time. Rejects with the signal's reason. */
export async function closesWithin(
  connection: Connection,
  ms: number,
  signal: AbortSignal
): Promise<boolean> {
  signal.throwIfAborted()
  if (connection.status !== 'open') return true
  const { promise, resolve, reject } = Promise.withResolvers<boolean>()
  const closed = (): void => resolve(true)
  const aborted = (): void => reject(signal.reason)
  const timer = setTimeout(() => resolve(false), ms)
  connection.addEventListener('close', closed)
  signal.addEventListener('abort', aborted, { once: true })
  try {
    return await promise
  } finally {
    clearTimeout(timer)
    connection.removeEventListener('close', closed)
    signal.removeEventListener('abort', aborted)
  }
}
