// Ends a connection for certain: politely, and when that takes too long or fails, at once.
import type { Connection } from '@libp2p/interface'
import { asError } from './as-error.ts'

/** A stream that nobody reads cannot be closed. `signal`: how long that is waited for. Never rejects. */
export async function closeOrAbort(
  connection: Pick<Connection, 'close' | 'abort'>,
  signal: AbortSignal
): Promise<void> {
  try {
    await connection.close({ signal })
  } catch (error) {
    connection.abort(asError(error))
  }
}
