// Questions about multiaddrs that both programs ask. (pure)
import { getNetConfig, isLinkLocal, isLoopback, isPrivate } from '@libp2p/utils'
import { CODE_P2P, type Multiaddr } from '@multiformats/multiaddr'
import { Circuit, TCP } from '@multiformats/multiaddr-matcher'

/** Host and port of a TCP multiaddr. `family` 0 stands for a name that may resolve to either. */
export interface TcpEndpoint {
  readonly host: string
  readonly port: number
  readonly family: 0 | 4 | 6
  /** The host is a DNS name and not an IP address. */
  readonly named: boolean
}

/** An address does not change, and is asked the same again and again while a punch waits to begin. */
const endpoints = new WeakMap<Multiaddr, { endpoint: TcpEndpoint | undefined }>()
const publicness = new WeakMap<Multiaddr, boolean>()

/** The TCP endpoint that an address names, or undefined for circuits, WebSockets, UDP and whatever else. */
export function tcpEndpoint(address: Multiaddr): TcpEndpoint | undefined {
  const known = endpoints.get(address)
  if (known !== undefined) return known.endpoint
  const endpoint = endpointOf(address)
  endpoints.set(address, { endpoint })
  return endpoint
}

function endpointOf(address: Multiaddr): TcpEndpoint | undefined {
  // Not what merely begins so: a WebSocket over TCP, or a circuit, is none.
  if (!TCP.exactMatch(address)) return undefined
  const { type, host, port } = getNetConfig(address)
  if (port === undefined) return undefined
  return { host, port, family: familyOf(type), named: type.startsWith('dns') }
}

function familyOf(type: string): 0 | 4 | 6 {
  if (type === 'ip4' || type === 'dns4') return 4
  if (type === 'ip6' || type === 'dns6') return 6
  return 0
}

/** True for an address that goes through a relay. */
export function isRelayed(address: Multiaddr): boolean {
  return Circuit.matches(address)
}

/** True for an IP address that a router on the Internet would carry. */
export function isPublicAddress(address: Multiaddr): boolean {
  const known = publicness.get(address)
  if (known !== undefined) return known
  const endpoint = tcpEndpoint(address)
  const isPublic =
    endpoint !== undefined &&
    !endpoint.named &&
    !isPrivate(address) &&
    !isLinkLocal(address) &&
    !isLoopback(address)
  publicness.set(address, isPublic)
  return isPublic
}

/** Listened on to get out of networks that let nothing else through, and what else is there expects strangers. */
const WEB_PORTS = new Set([80, 443])

/** Nobody who chats needs a port below 1024, and whoever knocks at somebody's SSH or mail looks like an intruder. */
export function isServicePort(port: number): boolean {
  return port < 1024 && !WEB_PORTS.has(port)
}

/** The address without the `/p2p/…` at its end: where it leads, whoever may be there. A circuit keeps its relay. */
export function withoutPeer(address: Multiaddr): Multiaddr {
  const endsInPeer = address.getComponents().at(-1)?.code === CODE_P2P
  return endsInPeer ? address.decapsulateCode(CODE_P2P) : address
}

/** The same address once, first mention first. */
export function distinct(addresses: readonly Multiaddr[]): Multiaddr[] {
  const seen = new Map(addresses.map((address) => [address.toString(), address]))
  return [...seen.values()]
}
