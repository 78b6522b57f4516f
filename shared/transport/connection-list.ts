// All connections of a node, without joining the lists of all peers anew for each that comes: the library does so twice
// for every new connection, in time that grows with the square of how many there are.
import type { Connection, Libp2pEvents, PeerId, TypedEventTarget } from '@libp2p/interface'

export interface ConnectionListComponents {
  events: TypedEventTarget<Libp2pEvents>
  connectionManager: {
    getConnections(peer?: PeerId): Connection[]
    getConnectionsMap(): { values(): Iterable<Connection[]> }
  }
}

/** A service of a node: replaces what `getConnections()` does when it is asked for all. Callers get a list to keep. */
export function connectionList(): (components: ConnectionListComponents) => object {
  return ({ events, connectionManager }) => {
    let known: readonly Connection[] | undefined
    const forget = (): void => {
      known = undefined
      // The connection manager hears of it by the same event, perhaps after somebody who asks.
      queueMicrotask(() => (known = undefined))
    }
    events.addEventListener('connection:open', forget)
    events.addEventListener('connection:close', forget)
    const ofPeer = connectionManager.getConnections.bind(connectionManager)
    connectionManager.getConnections = (peer) => {
      if (peer !== undefined) return ofPeer(peer)
      known ??= [...connectionManager.getConnectionsMap().values()].flat()
      return [...known]
    }
    return {}
  }
}
