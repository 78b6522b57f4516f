// All connections of a node, without joining the lists of all peers anew for each that comes: the library does so twice
// for every new connection, in time that grows with the square of how many there are.
import type { Connection, Libp2pEvents, PeerId, TypedEventTarget } from '@libp2p/interface'

export interface ConnectionListComponents {
  events: TypedEventTarget<Libp2pEvents>
  connectionManager: { getConnections(peer?: PeerId): Connection[] }
}

/** A service of a node: replaces what `getConnections()` does when it is asked for all. Callers get a list to keep. */
export function connectionList(): (components: ConnectionListComponents) => object {
  return ({ events, connectionManager }) => {
    const open = new Set<Connection>()
    /** The same in an array, which is copied ten times as fast; undefined when one has gone since. */
    let list: Connection[] | undefined = []
    events.addEventListener('connection:open', ({ detail }) => {
      if (detail.status !== 'open') return
      open.add(detail)
      list?.push(detail)
    })
    events.addEventListener('connection:close', ({ detail }) => {
      if (open.delete(detail)) list = undefined
    })
    const ofPeer = connectionManager.getConnections.bind(connectionManager)
    connectionManager.getConnections = (peer) => {
      if (peer !== undefined) return ofPeer(peer)
      list ??= [...open]
      return [...list]
    }
    return {}
  }
}
