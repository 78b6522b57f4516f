// Where a snapshot gets its figures: the node, its circuits and the rooms, without the relay's own peers.
import type { Libp2p } from '@libp2p/interface'
import { MAX_CONNECTIONS, type RelayLimits } from '../circuit/limits.ts'
import type { CircuitServer } from '../circuit/server.ts'
import { DEFAULT_REGISTRY_LIMITS } from '../rendezvous/limits.ts'
import type { RendezvousServer } from '../rendezvous/server.ts'
import type { RelayInsides } from './snapshot.ts'

export interface RelayParts {
  addresses: () => string[]
  rendezvous: RendezvousServer
  limits: RelayLimits
  ownPeers: ReadonlySet<string>
}

export function insidesOf(
  node: Libp2p<{ circuit: CircuitServer }>,
  { addresses, rendezvous, limits, ownPeers }: RelayParts
): RelayInsides {
  return {
    startedAtMs: Date.now(),
    peerId: node.peerId.toString(),
    addresses,
    circuits: () => node.services.circuit.circuits,
    connections: () =>
      node
        .getConnections()
        .filter(({ remotePeer }) => !ownPeers.has(remotePeer.toString()))
        .map(({ direction, streams }) => ({
          direction,
          protocols: streams.map(({ protocol }) => protocol)
        })),
    registrations: () => ({ count: rendezvous.size, rooms: rendezvous.rooms }),
    maxima: {
      reservations: limits.maxReservations,
      circuits: limits.maxCircuits,
      connections: MAX_CONNECTIONS,
      registrations: DEFAULT_REGISTRY_LIMITS.maxRegistrations
    }
  }
}
