// Takes members elsewhere when the relay on the way to them says that it stops.
import type { Connection, Libp2p } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import { Delay } from '../delay.ts'
import type { CircuitMoves } from './moves.ts'
import { relayOf } from './routes.ts'

export interface LeavingParts {
  node: Pick<Libp2p, 'getConnections'>
  isMember: (peer: string) => boolean
  /** Circuit addresses through the relays that may lead to a member, without the destination. */
  circuits: (peer: string) => Multiaddr[]
  moves: CircuitMoves
}

/** Of two who are told of a relay that stops, the one that dialled the circuit dials first. */
const SECOND_DIALLER_MS = 1_000

/** A relay that stops waits for its circuits: those that carry nothing any more are not to keep it. */
const GRACE_MS = 1_000

/** Dials members who are reached through that relay alone through another one. Returns them. */
export function leaveRelay(relay: string, parts: LeavingParts): string[] {
  const ends = parts.node.getConnections().map(({ remotePeer }) => remotePeer.toString())
  const left = [...new Set(ends)].filter((peer) => hangingOn(relay, peer, parts).length > 0)
  for (const peer of left) parts.moves.run(async (signal) => replace(relay, peer, parts, signal))
  return left
}

async function replace(
  relay: string,
  peer: string,
  parts: LeavingParts,
  signal: AbortSignal
): Promise<void> {
  const ours = hangingOn(relay, peer, parts).some(({ direction }) => direction === 'outbound')
  if (!ours) await new Delay().wait(SECOND_DIALLER_MS, { signal })
  const old = hangingOn(relay, peer, parts)
  if (old.length === 0) return
  const ways = parts.circuits(peer).filter((each) => relayOf(each)?.peer !== relay)
  const fresh = await parts.moves.dial(peer, ways)
  if (fresh !== undefined) parts.moves.retire(old, fresh, { graceMs: GRACE_MS })
}

/** The circuits to a member, if all that there is goes through that relay. */
function hangingOn(relay: string, peer: string, { isMember, moves }: LeavingParts): Connection[] {
  const open = isMember(peer) ? moves.openTo(peer) : []
  return open.every(({ remoteAddr }) => relayOf(remoteAddr)?.peer === relay) ? open : []
}
