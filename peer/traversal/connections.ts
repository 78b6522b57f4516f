// What a libp2p node knows of its connections to one peer: whether there is any, and the direct one, now or next.
import type { Connection, Libp2p } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'

export type ConnectionSource = Pick<
  Libp2p,
  'getConnections' | 'addEventListener' | 'removeEventListener'
>

/** Whether any connection to that peer stands, direct or not. */
export function isConnected(node: Pick<Libp2p, 'getConnections'>, peer: string): boolean {
  return node.getConnections(peerIdFromString(peer)).some(({ status }) => status === 'open')
}

export function directConnection(node: ConnectionSource, peer: string): Connection | undefined {
  return node
    .getConnections()
    .find((open) => open.direct && open.status === 'open' && open.remotePeer.toString() === peer)
}

/** The direct connection to a peer that stands or is the next to open. Rejects with the signal's reason. */
export async function nextDirect(
  node: ConnectionSource,
  peer: string,
  signal: AbortSignal
): Promise<Connection> {
  const standing = directConnection(node, peer)
  if (standing !== undefined) return standing
  signal.throwIfAborted()
  const { promise, resolve, reject } = Promise.withResolvers<Connection>()
  const opened = ({ detail }: CustomEvent<Connection>): void => {
    if (detail.direct && detail.remotePeer.toString() === peer) resolve(detail)
  }
  const aborted = (): void => reject(signal.reason)
  node.addEventListener('connection:open', opened)
  signal.addEventListener('abort', aborted, { once: true })
  try {
    return await promise
  } finally {
    node.removeEventListener('connection:open', opened)
    signal.removeEventListener('abort', aborted)
  }
}
