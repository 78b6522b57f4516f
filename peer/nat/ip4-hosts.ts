// Where a relay is by IPv4, also when it is reached by IPv6: only there it sees what a NAT makes of our IPv4.
import { isLoopback } from '@libp2p/utils'
import type { Multiaddr } from '@multiformats/multiaddr'
import { isPublicAddress, tcpEndpoint } from '../../shared/addresses.ts'
import { addressesOfName } from '../named-address.ts'
import { refusal } from '../traversal/candidates.ts'

/** A relay has one IPv4 address, as a rule, or two; each is asked at once. */
const MAX_HOSTS = 2

/** One that the user has named, and one that the relay tells. */
const MAX_NAMES = 2

/** A relay has a port for each family, as a rule, and does not say which is which. */
const MAX_PORTS_ELSEWHERE = 2

/** A relay's word alone leads to those addresses, and below are the services of other machines. */
const LEAST_PORT_ELSEWHERE = 1_024

/**
 * The host at which a relay was reached, when that is of IPv4; else where it may be by what is known of it and what it
 * tells: at public addresses, or at some of the kind at which it was reached. A public relay's private addresses are
 * other machines here.
 */
export async function ip4HostsOf(
  reached: Multiaddr,
  known: readonly Multiaddr[]
): Promise<string[]> {
  const at = tcpEndpoint(reached)
  if (at === undefined) return []
  if (at.family === 4) return [at.host]
  const names = known.filter(isNamed).slice(0, MAX_NAMES)
  const led = await Promise.all(names.map(async (name) => addressesOfName(name).catch(() => [])))
  const hosts = [...known, ...led.flat()].flatMap((address) => {
    const endpoint = tcpEndpoint(address)
    return endpoint?.family === 4 && isAlike(address, reached) ? [endpoint.host] : []
  })
  return [...new Set(hosts)].slice(0, MAX_HOSTS)
}

/** The ports to be asked at such a host that the relay tells, of those on which it reflects. */
export function portsElsewhere(ports: readonly number[]): number[] {
  return ports.filter((port) => port >= LEAST_PORT_ELSEWHERE).slice(0, MAX_PORTS_ELSEWHERE)
}

function isNamed(address: Multiaddr): boolean {
  return tcpEndpoint(address)?.named === true
}

function isAlike(address: Multiaddr, reached: Multiaddr): boolean {
  if (refusal(address, { loopback: isLoopback(reached) }) !== undefined) return false
  if (isPublicAddress(address)) return true
  return !isPublicAddress(reached) && isLoopback(address) === isLoopback(reached)
}
