// Through which relays a member may be dialled: those that we share, those that it names itself, our others. (pure)
import { CODE_P2P, type Multiaddr } from '@multiformats/multiaddr'
import { Circuit, TCP } from '@multiformats/multiaddr-matcher'
import { distinct, withoutPeer } from '../../shared/addresses.ts'

/** Few use more relays; whoever names many makes us knock at these alone. */
export const MAX_NAMED_RELAYS = 3

/** A relay behind a port forward has the address of its network beside the announced one, perhaps an IPv6 one too. */
export const MAX_ADDRESSES_OF_A_RELAY = 3

/** The relay of a circuit's address: where it is, and who it is. */
export interface NamedRelay {
  /** Without its peer id. */
  transport: Multiaddr
  peer: string
}

/** Undefined for what is no circuit through one relay that has a TCP address and a peer id. */
export function relayOf(circuit: Multiaddr): NamedRelay | undefined {
  if (!Circuit.matches(circuit)) return undefined
  const names = circuit.getComponents().map(({ name }) => name)
  const at = names.indexOf('p2p-circuit')
  const id = circuit.getComponents()[at - 1]
  if (at !== names.lastIndexOf('p2p-circuit') || id?.code !== CODE_P2P) return undefined
  const transport = circuit.decapsulate('/p2p-circuit').decapsulateCode(CODE_P2P)
  return TCP.exactMatch(transport) && id.value !== undefined
    ? { transport, peer: id.value }
    : undefined
}

export interface RoutesInit {
  self: string
  member: string
  /** Circuit addresses of our relays, without the destination. */
  own: readonly Multiaddr[]
  /** What the member registered. */
  registered: readonly Multiaddr[]
}

/** Circuit addresses without the destination, the likeliest first. */
export function circuitRoutes({ self, member, own, registered }: RoutesInit): Multiaddr[] {
  const named = distinct(registered.filter((each) => Circuit.matches(each)).map(withoutPeer))
  const relays = new Set(named.map((each) => relayOf(each)?.peer))
  const ours = new Set(own.map((each) => relayOf(each)?.peer))
  const isShared = (circuit: Multiaddr): boolean => relays.has(relayOf(circuit)?.peer)
  const foreign = named.filter((circuit) => {
    const relay = relayOf(circuit)?.peer
    return relay !== undefined && relay !== self && relay !== member && !ours.has(relay)
  })
  return [
    ...own.filter(isShared),
    ...fewOf(foreign),
    ...own.filter((circuit) => !isShared(circuit))
  ]
}

/** The first of each of the first relays, in the order given. */
function fewOf(circuits: readonly Multiaddr[]): Multiaddr[] {
  const taken = new Map<string | undefined, number>()
  return circuits.filter((circuit) => {
    const relay = relayOf(circuit)?.peer
    const count = (taken.get(relay) ?? 0) + 1
    if (count === 1 && taken.size === MAX_NAMED_RELAYS) return false
    taken.set(relay, count)
    return count <= MAX_ADDRESSES_OF_A_RELAY
  })
}
