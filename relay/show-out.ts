// Ends the connection of somebody who does not keep to what is agreed, at once: there is nothing to wait for.
import type { Connection } from '@libp2p/interface'
import type { RelayListener } from './events.ts'
import { hostKey } from './host-key.ts'
import type { TooMany } from './request-rates.ts'

export function showOut(
  connection: Pick<Connection, 'remoteAddr' | 'remotePeer' | 'status' | 'abort'>,
  { limit, reason }: TooMany,
  onEvent: RelayListener
): void {
  // What had arrived before its end is still being looked at.
  if (connection.status !== 'open') return
  const host = hostKey(connection.remoteAddr)
  const peer = connection.remotePeer.toString()
  onEvent({ event: 'connection', host, peer, action: 'closed', reason, limit })
  connection.abort(new Error(reason))
}
