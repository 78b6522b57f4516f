// Whether a forwarded port would help, and whether what a router says of it can be true. (pure)
import { multiaddr, type Multiaddr } from '@multiformats/multiaddr'
import { isPublicAddress, tcpEndpoint } from '../../shared/addresses.ts'
import type { Forward } from './gateway.ts'

/** IPv4 addresses of NATs that relays see us behind; none when we are on the Internet itself, or on one LAN with the relay. */
export function publicHosts(
  mapped: readonly Multiaddr[],
  listening: readonly Multiaddr[]
): string[] {
  const own = new Set(listening.map((address) => tcpEndpoint(address)?.host))
  const hosts = mapped.filter(isPublicAddress).flatMap((address) => {
    const endpoint = tcpEndpoint(address)
    return endpoint?.family === 4 && !own.has(endpoint.host) ? [endpoint.host] : []
  })
  return [...new Set(hosts)].toSorted()
}

/** The port on which we listen at one of our addresses. */
export function portAt(host: string, listening: readonly Multiaddr[]): number | undefined {
  return listening.map(tcpEndpoint).find((endpoint) => endpoint?.host === host)?.port
}

export const forwardedAddress = ({ externalHost, externalPort }: Forward): Multiaddr =>
  multiaddr(`/ip4/${externalHost}/tcp/${externalPort}`)

/**
 * Why a port that was forwarded leads nowhere, going on from "the router at HOST"; undefined when it leads to us. Only
 * an address at which a relay sees us is believed: another one is a NAT's before ours, a lie, or one that a VPN hides.
 */
export function whyUseless(
  { externalHost, externalPort }: Forward,
  seenAt: readonly string[]
): string | undefined {
  if (
    !/^\d{1,3}(?:\.\d{1,3}){3}$/.test(externalHost) ||
    externalPort < 1 ||
    externalPort > 65_535
  ) {
    return 'names no address that could be dialled'
  }
  if (seenAt.includes(externalHost)) return undefined
  return `has the address ${externalHost}, and the relay sees you at ${seenAt.join(' and ')}: a second NAT, your provider's or a VPN's, is between them`
}
