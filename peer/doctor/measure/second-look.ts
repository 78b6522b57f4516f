// Where a relay sees us when it is dialled at another of its addresses: one destination alone does not show what a NAT
// does with others.
import type { Connection } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import { distinct, isPublicAddress, tcpEndpoint, withoutPeer } from '../../../shared/addresses.ts'
import { deadline } from '../../../shared/deadline.ts'
import type { TransportDial } from '../../traversal/punch.ts'

/** Two more are enough to tell a pattern. */
const MAX_DESTINATIONS = 2
const DIAL_TIMEOUT_MS = 2_500

/** What the relay itself names, of the same family as the address at which it was reached; public unless that is private. */
export function otherDestinations(reached: Multiaddr, named: readonly Multiaddr[]): Multiaddr[] {
  const here = tcpEndpoint(withoutPeer(reached))
  return distinct(named.map(withoutPeer))
    .filter((address) => {
      const there = tcpEndpoint(address)
      const isOther = there?.host !== here?.host || there?.port !== here?.port
      const isAlike = there?.family === here?.family && there?.named === false
      return isOther && isAlike && (isPublicAddress(address) || there.host === here?.host)
    })
    .slice(0, MAX_DESTINATIONS)
}

export interface Dialled {
  connection: Connection
  /** When the dial left, monotonic. */
  atMs: number
}

/** From the listening port, as the first. Rejects with the signal's reason only. */
export async function connectAgain(
  connection: Connection,
  named: readonly Multiaddr[],
  { dial, signal: outer }: { dial: TransportDial; signal: AbortSignal }
): Promise<Dialled[]> {
  using limit = deadline(outer, DIAL_TIMEOUT_MS, 'the relay did not answer at its other address')
  const destinations = otherDestinations(connection.remoteAddr, named)
  const dialled = destinations.map(async (address) => {
    const atMs = performance.now()
    const relay = address.encapsulate(`/p2p/${connection.remotePeer.toString()}`)
    const options = { signal: limit.signal, source: 'listening' } as const
    return { connection: await dial(relay, options), atMs }
  })
  const settled = await Promise.allSettled(dialled)
  outer.throwIfAborted()
  return settled.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []))
}
