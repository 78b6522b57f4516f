// The transports that a peer runs: the one place to add WebRTC or QUIC to.
import { circuitRelayTransport } from '@libp2p/circuit-relay-v2'
import { ListenError } from '@libp2p/interface'
import type { NodeConfig } from '../shared/node.ts'
import { boundTcp } from '../shared/transport/bound-tcp.ts'
import type { PortReuse } from '../shared/transport/port-reuse.ts'
import type { PunchTable } from '../shared/transport/punch-table.ts'
import { eagerUpgrader } from '../shared/transport/punching-upgrader.ts'

/**
 * The library reserves at any relay it happens to meet, and that attempt clashes with the one for a relay the user
 * named ("had enough relays"). Every relay counts as seen already, so it leaves them alone.
 */
const NAMED_RELAYS_ONLY = { has: () => true, add: () => undefined, remove: () => undefined }

/** The library's 5 s were over before the answer in 2 of 40 starts at 10 % packet loss. */
const RESERVATION_TIMEOUT_MS = 10_000

/**
 * The library asks one relay after the other, and when it has what it looks for it empties the queue: whoever waits
 * there for a relay that the user named waits for ever. So nobody waits.
 */
const RESERVATIONS_AT_ONCE = Infinity

export function peerTransports(init: {
  punches: PunchTable
  reuse: PortReuse
}): NodeConfig<Record<string, unknown>>['transports'] {
  return [boundTcp(init), eagerCircuits]
}

/**
 * Whoever opens a STOP stream, the library makes its relay ("dialed via relay we did not have a reservation on, start
 * listening on that relay address"). We listen at the relays that the user named, and not through the library's hands:
 * it tells its log of this error and takes the circuit without.
 */
const NO_OTHER_RELAYS = {
  listen: async (): Promise<void> => {
    throw new ListenError('only the relays that the user named are listened on')
  }
}

type CircuitTransport = ReturnType<typeof circuitRelayTransport>

/** The library's transport, encrypting its circuits without waiting for the other side to agree: 80 ms less. */
const eagerCircuits: CircuitTransport = (components) => {
  const upgrader = eagerUpgrader(components.upgrader)
  return circuitRelayTransport({
    discoveryFilter: NAMED_RELAYS_ONLY,
    reservationCompletionTimeout: RESERVATION_TIMEOUT_MS,
    reservationConcurrency: RESERVATIONS_AT_ONCE
  })(
    Object.create(components, {
      upgrader: { value: upgrader },
      transportManager: { value: NO_OTHER_RELAYS }
    })
  )
}
