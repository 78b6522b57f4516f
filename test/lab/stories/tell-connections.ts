// Loaded before the peer's program (node --import): one more event for each connection that opens, for measuring.
// The program itself stays as it is; a connection opens when both its handshakes, Noise and yamux, are done.
import type { Connection } from '@libp2p/interface'

export interface ConnectionTold {
  event: 'connection'
  /** ISO 8601 with milliseconds. */
  at: string
  peer: string
  direct: boolean
  direction: 'inbound' | 'outbound'
}

const told = new Set<string>()
const dispatch = Object.getOwnPropertyDescriptor(EventTarget.prototype, 'dispatchEvent')?.value

EventTarget.prototype.dispatchEvent = function (event: Event): boolean {
  if (event.type === 'connection:open' && event instanceof CustomEvent) tell(event.detail)
  return dispatch.call(this, event)
}

/** The node passes the event on from its inside to its outside: once is enough. */
function tell({ id, remotePeer, direct, direction }: Connection): void {
  if (told.has(id)) return
  told.add(id)
  const at = new Date().toISOString()
  const line = { event: 'connection', at, peer: remotePeer.toString(), direct, direction }
  process.stdout.write(`${JSON.stringify(line)}\n`)
}
