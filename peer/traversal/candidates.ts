// Which addresses we offer for a direct connection, and which of those offered to us we dial. (pure)
import type { Multiaddr } from '@multiformats/multiaddr'
import {
  distinct,
  isPublicAddress,
  isServicePort,
  tcpEndpoint,
  withoutPeer
} from '../../shared/addresses.ts'
import { ip6Groups, ip6Network } from '../../shared/ip6.ts'

/** What this peer knows of where it can be reached. */
export interface OwnAddresses {
  /** As relays see us, through whatever NATs there are; from the listening port. */
  mapped: Multiaddr[]
  /** Told by the user with --announce. */
  announced: Multiaddr[]
  /** Of this machine's interfaces, with the port we listen on. */
  listening: Multiaddr[]
  /** Whether a mapped address leads back to us from inside, when that was tried. */
  hairpin?: boolean
}

/** A home has a handful; the spec's 4 KiB would hold some 200. */
export const MAX_OWN_CANDIDATES = 16

/** Each costs the other side a SYN every second or so for the length of the window. */
export const MAX_DIALLED_CANDIDATES = 12

/** Own candidates, the likeliest first: mapped, announced, then interfaces from public to bridge. */
export function ownCandidates({ mapped, announced, listening }: OwnAddresses): Multiaddr[] {
  const interfaces = listening.toSorted((a, b) => rank(a) - rank(b))
  const all = distinct([...mapped, ...announced, ...interfaces].map(withoutPeer))
  const loopback = mapped.some((address) => kindOf(address) === 'loopback')
  return all
    .filter((address) => refusal(address, { loopback }) === undefined)
    .slice(0, MAX_OWN_CANDIDATES)
}

export interface Refused {
  address: string
  reason: string
}

export interface OfferRules {
  /** Where our relays are: a peer that names one as its own address would have us punch at it. */
  relays?: readonly Multiaddr[]
  /** Asked last. */
  mayDial?: (candidate: Multiaddr) => boolean
}

/** What of a peer's offer is dialled. `own` are our candidates: they tell what makes sense from here. */
export function dialledCandidates(
  offered: readonly Multiaddr[],
  own: readonly Multiaddr[],
  { relays = [], mayDial = () => true }: OfferRules = {}
): { candidates: Multiaddr[]; refused: Refused[] } {
  const loopback = own.some((address) => kindOf(address) === 'loopback')
  const ours = new Set(own.map(endpointText))
  const theirs = new Set(relays.map(endpointText))
  const candidates: Multiaddr[] = []
  const refused: Refused[] = []
  for (const address of distinct(offered.map(withoutPeer))) {
    const reason = ours.has(endpointText(address))
      ? 'our own address'
      : theirs.has(endpointText(address))
        ? 'our relay'
        : (refusal(address, { loopback }) ?? systemPort(address))
    if (reason !== undefined) refused.push({ address: address.toString(), reason })
    else if (candidates.length >= MAX_DIALLED_CANDIDATES)
      refused.push({ address: address.toString(), reason: 'too many' })
    else if (!mayDial(address))
      refused.push({ address: address.toString(), reason: 'dialled too often' })
    else candidates.push(address)
  }
  return { candidates, refused }
}

/**
 * The candidates worth an ordinary dial, without a punch: those that lead to the peer itself (it listens on the
 * address that the relay sees, or announced it), and the private ones when both sides are on one network.
 */
export function reachableCandidates(
  offered: readonly Multiaddr[],
  own: readonly Multiaddr[],
  rules: OfferRules = {}
): Multiaddr[] {
  const { candidates } = dialledCandidates(offered, own, rules)
  const hosts = hostsOf(own)
  const natted = behindNat(candidates)
  return candidates.filter((address) => {
    const endpoint = tcpEndpoint(address)
    if (isPublicAddress(address))
      return !hosts.has(endpoint?.host) && (endpoint?.family === 6 || !natted)
    return isNear(address, candidates, own)
  })
}

/**
 * Whether a NAT may sit at a candidate: at a public one; and at a private one in the network in which a relay sees us,
 * when there is no public one, as between two hosts of containers whose relay is on their LAN.
 */
export function mayBeNat(
  address: Multiaddr,
  candidates: readonly Multiaddr[],
  mapped: readonly Multiaddr[]
): boolean {
  if (isPublicAddress(address)) return true
  if (kindOf(address) === 'loopback' || candidates.some(isPublicAddress)) return false
  const outside = new Set(mapped.flatMap(networkOf))
  return networkOf(address).some((network) => outside.has(network))
}

/** Whether an address of a peer's can be the peer's from here: a public one, or one behind our NAT or on our network. */
export function isNear(
  address: Multiaddr,
  candidates: readonly Multiaddr[],
  own: readonly Multiaddr[]
): boolean {
  if (isPublicAddress(address)) return true
  const hosts = hostsOf(own)
  if (candidates.some((each) => hosts.has(tcpEndpoint(each)?.host))) return true
  const here = new Set(own.flatMap(networkOf))
  return networkOf(address).some((network) => here.has(network))
}

function hostsOf(addresses: readonly Multiaddr[]): Set<string | undefined> {
  return new Set(addresses.map((address) => tcpEndpoint(address)?.host))
}

/** Whether a relay that somebody names may be dialled there: on the Internet, or on a network that we are on already. */
export function mayBeRelay(address: Multiaddr, here: readonly Multiaddr[]): boolean {
  const loopback = here.some((each) => kindOf(each) === 'loopback')
  if (refusal(address, { loopback }) !== undefined) return false
  const networks = new Set(here.flatMap(networkOf))
  return isPublicAddress(address) || networkOf(address).some((network) => networks.has(network))
}

/** A peer that lists a public and a private IPv4 address is, as a rule, behind the former and on the latter. */
function behindNat(candidates: readonly Multiaddr[]): boolean {
  const v4 = candidates.filter((address) => tcpEndpoint(address)?.family === 4)
  return v4.some(isPublicAddress) && v4.some((address) => kindOf(address) === 'private')
}

type Kind = 'public' | 'private' | 'bridge' | 'loopback' | 'unusable'

const RANKS: Record<Kind, number> = { public: 0, private: 1, bridge: 2, loopback: 3, unusable: 4 }

function rank(address: Multiaddr): number {
  return RANKS[kindOf(address)]
}

function kindOf(address: Multiaddr): Kind {
  const endpoint = tcpEndpoint(address)
  if (endpoint === undefined || endpoint.named) return 'unusable'
  if (endpoint.family === 4 ? endpoint.host.startsWith('127.') : endpoint.host === '::1')
    return 'loopback'
  if (isPublicAddress(address)) return 'public'
  // Docker's default bridge, and what compose takes next.
  return /^172\.(1[7-9]|2\d|3[01])\./.test(endpoint.host) ? 'bridge' : 'private'
}

/** An address or the name by which a machine means itself. */
export function isLocalhost(address: Multiaddr): boolean {
  return kindOf(address) === 'loopback' || tcpEndpoint(address)?.host === 'localhost'
}

/** Why an address is not to be dialled, whoever offers it. */
export function refusal(address: Multiaddr, allowed: { loopback: boolean }): string | undefined {
  const endpoint = tcpEndpoint(address)
  if (endpoint === undefined) return 'not a TCP address'
  if (endpoint.named) return 'a DNS name: it may lead anywhere'
  if (endpoint.port === 0) return 'no port'
  const special = endpoint.family === 4 ? special4(endpoint.host) : special6(endpoint.host)
  return special === 'loopback' && allowed.loopback ? undefined : special
}

function systemPort(address: Multiaddr): string | undefined {
  return isServicePort(tcpEndpoint(address)?.port ?? 0) ? 'a port of system services' : undefined
}

function special4(host: string): string | undefined {
  const [first = 0, second = 0] = host.split('.').map(Number)
  if (first === 127) return 'loopback'
  if (first === 0) return 'unspecified'
  if (first === 169 && second === 254) return 'link-local'
  if (first >= 224 && first <= 239) return 'multicast'
  if (first >= 240) return 'broadcast or reserved'
  return undefined
}

function special6(host: string): string | undefined {
  const groups = ip6Groups(host)
  const [first = 0] = groups
  const leadingZeros = groups.findIndex((group) => group !== 0)
  if (leadingZeros === -1) return 'unspecified'
  if (leadingZeros === 7 && groups[7] === 1) return 'loopback'
  if (first >= 0xff00) return 'multicast'
  if ((first & 0xffc0) === 0xfe80) return 'link-local'
  if ((first & 0xffc0) === 0xfec0) return 'site-local'
  return holdsIPv4(groups) ? 'an IPv4 address in disguise' : undefined
}

/** Compatible, mapped, NAT64, 6to4 and Teredo addresses: what they hold would escape the rules for IPv4. */
function holdsIPv4([a = 0, b = 0, c = 0, d = 0, e = 0, f = 0]: number[]): boolean {
  if (a + b + c + d + e === 0 && (f === 0 || f === 0xffff)) return true
  if (a === 0x64 && b === 0xff9b) return true
  return a === 0x2002 || (a === 0x2001 && b === 0)
}

/** The same for all ways to write one. */
export function endpointText(address: Multiaddr): string {
  const endpoint = tcpEndpoint(address)
  return endpoint === undefined ? address.toString() : `${endpoint.host} ${endpoint.port}`
}

/** A private address's network, as far as its digits tell: /24 of IPv4, /64 of IPv6. */
function networkOf(address: Multiaddr): string[] {
  const endpoint = tcpEndpoint(address)
  if (endpoint === undefined || endpoint.named) return []
  return endpoint.family === 4
    ? [endpoint.host.split('.').slice(0, 3).join('.')]
    : [ip6Network(endpoint.host)]
}
