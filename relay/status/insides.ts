// Where a snapshot gets its figures: the node, its circuits, its books and the rooms, without the relay's own ends.
import type { Libp2p } from '@libp2p/interface'
import type { Books } from '../books.ts'
import type { CircuitServer } from '../circuit/server.ts'
import type { LimitName, Usage } from '../limits.ts'
import type { OwnEnds } from '../own-ends.ts'
import type { RendezvousServer } from '../rendezvous/server.ts'
import type { RelayInsides } from './snapshot.ts'

export interface RelayParts {
  addresses: () => string[]
  rooms: RendezvousServer
  books: Books
  own: OwnEnds
  usage: () => Usage[]
  refusals: Readonly<Record<LimitName, number>>
}

export function insidesOf(
  node: Libp2p<{ circuit: CircuitServer }>,
  { addresses, rooms, books, own, usage, refusals }: RelayParts
): RelayInsides {
  return {
    startedAtMs: Date.now(),
    peerId: node.peerId.toString(),
    addresses,
    draining: () => books.admission.draining,
    circuits: () => node.services.circuit.circuits,
    connections: () =>
      node
        .getConnections()
        .filter(({ remotePeer }) => !own.peers.has(remotePeer.toString()))
        .map(({ direction, streams }) => ({
          direction,
          protocols: streams.map(({ protocol }) => protocol)
        })),
    registrations: () => ({ count: rooms.size, rooms: rooms.rooms }),
    usage,
    refusals
  }
}
