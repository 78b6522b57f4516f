// A wait that the end of a connection cuts short, or whoever has the delay in hand.
import type { Connection } from '@libp2p/interface'
import type { Delay } from '../delay.ts'

/** Whether the connection has ended when the wait is over. Rejects with the signal's reason. */
export async function closesWithin(
  connection: Pick<Connection, 'status' | 'addEventListener' | 'removeEventListener'>,
  ms: number,
  { delay, signal }: { delay: Delay; signal: AbortSignal }
): Promise<boolean> {
  const closed = (): void => delay.atMost(0)
  connection.addEventListener('close', closed)
  try {
    if (connection.status === 'open') await delay.wait(ms, { signal })
    return connection.status !== 'open'
  } finally {
    connection.removeEventListener('close', closed)
  }
}
