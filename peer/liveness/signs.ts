// When something last came in on a connection, whatever it was: there is no doubt about a line that is busy.
import type { Connection } from '@libp2p/interface'

export interface Signs extends Disposable {
  /** By `performance.now()`. */
  readonly heardMs: number
  /** Something came in, as far as somebody else knows. */
  heard(): void
}

/** Begins with now. */
export function listenForSigns(connection: Connection): Signs {
  let heardMs = performance.now()
  const heard = (): void => void (heardMs = performance.now())
  const wire = wireOf(connection)
  wire?.addEventListener('message', heard)
  // What could not be sent for a while can be: on a slow line the answer waits behind it.
  wire?.addEventListener('drain', heard)
  return {
    get heardMs() {
      return heardMs
    },
    heard,
    [Symbol.dispose]: () => {
      wire?.removeEventListener('message', heard)
      wire?.removeEventListener('drain', heard)
    }
  }
}

/**
 * What carries the bytes below. libp2p's connection has it, and does not tell in its interface; without it only the
 * answers to probes count.
 */
function wireOf(connection: Connection): EventTarget | undefined {
  if (!('maConn' in connection)) return undefined
  return connection.maConn instanceof EventTarget ? connection.maConn : undefined
}
