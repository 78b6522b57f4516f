// What a router that forwards ports is to us, whichever protocol it speaks.

export type MappingMethod = 'PCP' | 'NAT-PMP' | 'UPnP'

/** A port of the router's that leads to ours, to be asked for again before its lifetime is over. */
export interface Forward {
  /** As the router says: it may be wrong about itself, or behind another NAT. */
  externalHost: string
  externalPort: number
  lifetimeSeconds: number
}

/** TCP and IPv4 only. A router that refuses or says nothing sensible is a GatewayError, an abort the signal's reason. */
export interface Gateway {
  readonly method: MappingMethod
  readonly host: string
  /** Our own address on its network, which it forwards to. */
  readonly localHost: string
  /** Asking again for the same port renews. */
  map(port: number, lifetimeSeconds: number, signal: AbortSignal): Promise<Forward>
  /** Takes back what `map` was given for this port. */
  unmap(port: number, signal: AbortSignal): Promise<void>
}

/** The message goes on from "the router at HOST". */
export class GatewayError extends Error {
  override name = 'GatewayError'
}
