// Where others find a relay at which we have a place: the address at which we reached it, which may be of our network
// alone, and what the relay says of itself in its answer to a reservation, as far as that can be. (pure)
import { CODE_P2P, type Multiaddr } from '@multiformats/multiaddr'
import { distinct, isPublicAddress, tcpEndpoint, withoutPeer } from '../../shared/addresses.ts'
import { isLocalhost, refusal } from '../traversal/candidates.ts'

/** In a record of 16 others have to find room; a relay has a name, a public address of each kind, one of its network. */
export const MAX_RELAY_ADDRESSES = 4

export interface KnownRelay {
  peerId: string
  /** Where we reached it. */
  dialled: Multiaddr
  /** The addresses of its answer, its best first. */
  told: readonly Multiaddr[]
}

/** Without `/p2p/…`, the likeliest to lead there from anywhere first. What we dialled is always among them. */
export function relayAddresses({ peerId, dialled, told }: KnownRelay): Multiaddr[] {
  const reached = withoutPeer(dialled)
  const loopback = isLocalhost(reached)
  const sane = told.filter((address) => isOf(address, peerId) && leadsSomewhere(address, loopback))
  const others = distinct(sane.map(withoutPeer)).filter((address) => !address.equals(reached))
  const [wide, narrow] = [others.filter(isWide), others.filter((address) => !isWide(address))]
  const best = isWide(reached)
    ? [reached, ...wide, ...narrow]
    : [...wide.slice(0, MAX_RELAY_ADDRESSES - 1), reached, ...narrow]
  return best.slice(0, MAX_RELAY_ADDRESSES)
}

/** The specification wants the relay's peer id at the end; another one's would send our friends to somebody else. */
function isOf(address: Multiaddr, peerId: string): boolean {
  const last = address.getComponents().at(-1)
  return last?.code === CODE_P2P && last.value === peerId
}

/** This machine's own addresses mean something to others only where the relay is on this machine. */
function leadsSomewhere(address: Multiaddr, loopback: boolean): boolean {
  const plain = withoutPeer(address)
  const endpoint = tcpEndpoint(plain)
  if (endpoint === undefined || endpoint.port === 0) return false
  if (endpoint.named) return loopback || !isLocalhost(plain)
  return refusal(plain, { loopback }) === undefined
}

/** As far as an address tells: names and public addresses are meant for everybody. */
const isWide = (address: Multiaddr): boolean =>
  isPublicAddress(address) || (tcpEndpoint(address)?.named === true && !isLocalhost(address))
