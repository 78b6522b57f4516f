// Who is let in is the relay's to say (door.ts): the library's counts of connections stand aside. For each connection that
// comes they copy the list of all that there are, twice, read its address anew, and note a rate that has no limit. What
// the library says of pending connections is therefore always 0.
import type { Startable } from '@libp2p/interface'
import type { ConnectionManager } from '@libp2p/interface-internal'

export interface OneDoorComponents {
  connectionManager: Pick<ConnectionManager, 'acceptIncomingConnection' | 'afterUpgradeInbound'>
}

/** For the `services` of a node whose gater judges each connection, and closes those that are not used. */
export function oneDoor(): (components: OneDoorComponents) => Startable {
  return ({ connectionManager }) => {
    connectionManager.acceptIncomingConnection = () => true
    connectionManager.afterUpgradeInbound = () => {}
    const pruner: unknown = Reflect.get(connectionManager, 'connectionPruner')
    if (!isPruner(pruner)) throw new Error('the connection manager of this libp2p has no pruner')
    return { start() {}, afterStart: () => pruner.stop(), stop() {} }
  }
}

const isPruner = (found: unknown): found is { stop(): void } =>
  typeof found === 'object' && found !== null && 'stop' in found && typeof found.stop === 'function'
