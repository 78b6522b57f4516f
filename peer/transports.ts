// The transports that a peer runs: the one place to add WebRTC or QUIC to.
import { circuitRelayTransport } from '@libp2p/circuit-relay-v2'
import { ListenError } from '@libp2p/interface'
import type { NodeConfig } from '../shared/node.ts'
import { boundTcp, type BoundTcpInit } from '../shared/transport/bound-tcp.ts'

export function peerTransports(
  init: BoundTcpInit
): NodeConfig<Record<string, unknown>>['transports'] {
  return [boundTcp(init), circuits]
}

/**
 * Whoever opens a STOP stream, the library makes its relay ("dialed via relay we did not have a reservation on, start
 * listening on that relay address"). Reservations are made by
 * `reservations/`, at the relays that the user named: the library tells its log of this error and takes the circuit
 * without.
 */
const NO_OTHER_RELAYS = {
  listen: async (): Promise<void> => {
    throw new ListenError('only the relays that the user named are listened on')
  }
}

type CircuitTransport = ReturnType<typeof circuitRelayTransport>

const circuits: CircuitTransport = (components) => {
  return circuitRelayTransport()(
    Object.create(components, { transportManager: { value: NO_OTHER_RELAYS } })
  )
}
