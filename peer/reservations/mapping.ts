// Whether what a relay says it sees of us can be true. (pure)
import { isLoopback } from '@libp2p/utils'
import type { Multiaddr } from '@multiformats/multiaddr'
import { tcpEndpoint, withoutPeer } from '../../shared/addresses.ts'

/**
 * Our address as a relay observed it over a connection from `relay`, or undefined. Loopback is where we are only for a
 * relay on this machine: from any other one the claim would open our own services to what peers make us dial.
 */
export function believableMapping(
  observed: Multiaddr | undefined,
  relay: Multiaddr
): Multiaddr | undefined {
  if (observed === undefined) return undefined
  const endpoint = tcpEndpoint(observed)
  if (endpoint === undefined || endpoint.named || tcpEndpoint(relay) === undefined) return undefined
  return isLoopback(observed) && !isLoopback(relay) ? undefined : withoutPeer(observed)
}
