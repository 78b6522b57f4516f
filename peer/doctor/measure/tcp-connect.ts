// How long a bare TCP connection takes, from any port.
import { once } from 'node:events'
import net from 'node:net'

/** Milliseconds, to a tenth. Rejects with the system's error or the signal's reason. */
export async function tcpConnectMs(
  host: string,
  port: number,
  signal: AbortSignal
): Promise<number> {
  signal.throwIfAborted()
  const startedMs = performance.now()
  const socket = net.connect({ host, port })
  try {
    await once(socket, 'connect', { signal })
    return roundMs(performance.now() - startedMs)
  } catch (error) {
    signal.throwIfAborted()
    throw error
  } finally {
    socket.destroy()
  }
}

export const roundMs = (ms: number): number => Math.round(ms * 10) / 10
