// Dials through a relay, past libp2p's dial queue, which would take a direct address if it knew one.
import type { Connection } from '@libp2p/interface'
import type { TransportManager } from '@libp2p/interface-internal'
import type { Multiaddr } from '@multiformats/multiaddr'
import { AT_ONCE } from '../../shared/transport/optimistic-streams.ts'

type CircuitDial = (address: Multiaddr, signal: AbortSignal) => Promise<Connection>

export const circuitDial =
  (transportManager: Pick<TransportManager, 'dial'>): CircuitDial =>
  async (address, signal) =>
    transportManager.dial(address, { signal, ...AT_ONCE })
