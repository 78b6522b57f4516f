// Connects a socket that is bound already, and leaves nothing of it behind when it is called off.
import { once } from 'node:events'
import net, { type BoundSocket, type Socket } from 'node:net'
import { asError } from '../as-error.ts'

export interface Target {
  /** An IP address. */
  host: string
  port: number
}

/** Rejects with the system's error, or with the signal's reason. */
export async function connectFrom(
  local: BoundSocket,
  target: Target,
  signal: AbortSignal
): Promise<Socket> {
  const socket = new net.Socket({ handle: local })
  const stop = (): void => callOff(socket, asError(signal.reason))
  signal.addEventListener('abort', stop, { once: true })
  try {
    const connected = once(socket, 'connect')
    if (signal.aborted) stop()
    else socket.connect(target)
    await connected
    return socket.setNoDelay(true).setKeepAlive(true)
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

/**
 * Resets a socket that may be connecting still. Its kernel may have met the other side's SYN, or be connected without
 * a word so far: closed in order, it would say FIN, and hold its two ports for a minute, on which the next round of a
 * punch dials. `resetAndDestroy` waits for the connection before it resets.
 */
export function callOff(socket: Socket, reason?: Error): void {
  // What it sets then, which `destroy` heeds. Of a socket that the kernel does not know yet there is nothing to reset, and
  // the failure to would leave its handle open.
  if (socket.localPort !== undefined) Object.assign(socket, { resetAndClosing: true })
  socket.destroy(reason)
}
