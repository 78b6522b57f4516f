// Whether a relay may dial a peer back: only where the peer itself is seen, and never into the relay's own network on
// behalf of somebody who is not there.
import type { Multiaddr } from '@multiformats/multiaddr'
import {
  isServicePort,
  tcpEndpoint,
  withoutPeer,
  type TcpEndpoint
} from '../../shared/addresses.ts'
import { hostKind, type HostKind } from '../announced/host-kind.ts'

export interface DialBackAsked {
  /** Where the connection comes from. */
  from: Multiaddr
  /** It goes through no other relay. */
  direct: boolean
  port: number
  /** The relay's own and announced addresses. */
  relay: readonly Multiaddr[]
}

/** How far away somebody there can be; undefined where nobody is. */
const REACH: Record<HostKind, number | undefined> = {
  loopback: 0,
  'link-local': 1,
  private: 2,
  provider: 2,
  documentation: 3,
  public: 3,
  unspecified: undefined,
  nobody: undefined
}
const EVERYWHERE = 3

/**
 * The host and port to dial, or why not. What looks as if it came from nearer than the farthest who use this relay
 * comes through a proxy before it: to dial that would be to knock at the relay's own network for a stranger.
 */
export function dialBackTarget({
  from,
  direct,
  port,
  relay
}: DialBackAsked): { host: string; port: number } | { reason: string } {
  const endpoint = tcpEndpoint(withoutPeer(from))
  if (!direct) return { reason: 'asked over a circuit' }
  if (endpoint === undefined || endpoint.named) return { reason: 'asked from no TCP address' }
  if (isServicePort(port)) return { reason: `port ${port} is one of system services` }
  const { host } = endpoint
  const reach = REACH[hostKind(host)]
  const farthest = Math.max(
    0,
    ...relay.map((address) => reachOf(tcpEndpoint(withoutPeer(address))))
  )
  if (reach === undefined || reach < farthest) {
    return { reason: `${host} is nearer than those whom this relay is for` }
  }
  return { host, port }
}

/** A name, or what is not TCP, is announced for everybody. */
function reachOf(endpoint: TcpEndpoint | undefined): number {
  if (endpoint === undefined || endpoint.named) return EVERYWHERE
  return REACH[hostKind(endpoint.host)] ?? 0
}
