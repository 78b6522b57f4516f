// The relay's own addresses, best first: what it hands out, and what it prints. (pure)
import { isLinkLocal, isLoopback } from '@libp2p/utils'
import type { Multiaddr } from '@multiformats/multiaddr'
import { distinct, isPublicAddress, tcpEndpoint, withoutPeer } from '../shared/addresses.ts'

/** Announced ones, then public, private, loopback; the rest in the order given. Link-local ones mean nothing to others. */
export function bestFirst(
  addresses: readonly Multiaddr[],
  announced: readonly Multiaddr[]
): Multiaddr[] {
  const told = new Set(announced.map((address) => withoutPeer(address).toString()))
  const rank = (address: Multiaddr): number => {
    if (told.has(withoutPeer(address).toString())) return 0
    if (isPublicAddress(address)) return tcpEndpoint(address)?.family === 6 ? 2 : 1
    return isLoopback(address) ? 4 : 3
  }
  return distinct(addresses)
    .filter((address) => !isLinkLocal(address))
    .toSorted((a, b) => rank(a) - rank(b))
}

/** What is of use to others: no loopback, unless there is nothing else. */
export function reachable(addresses: readonly Multiaddr[]): Multiaddr[] {
  const outside = addresses.filter((address) => !isLoopback(address))
  return outside.length > 0 ? outside : [...addresses]
}
