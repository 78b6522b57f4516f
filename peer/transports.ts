// The transports that a peer runs: the one place to add WebRTC or QUIC to.
import { circuitRelayTransport } from '@libp2p/circuit-relay-v2'
import type { NodeConfig } from '../shared/node.ts'
import { boundTcp } from '../shared/transport/bound-tcp.ts'
import type { PortReuse } from '../shared/transport/port-reuse.ts'
import type { PunchTable } from '../shared/transport/punch-table.ts'

/**
 * The library reserves at any relay it happens to meet, and that attempt clashes with the one for a relay the user
 * named ("had enough relays"). Every relay counts as seen already, so it leaves them alone.
 */
const NAMED_RELAYS_ONLY = { has: () => true, add: () => undefined, remove: () => undefined }

export function peerTransports(init: {
  punches: PunchTable
  reuse: PortReuse
}): NodeConfig<Record<string, unknown>>['transports'] {
  return [boundTcp(init), circuitRelayTransport({ discoveryFilter: NAMED_RELAYS_ONLY })]
}
