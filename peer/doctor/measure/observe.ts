// Where a relay sees our listening port: at the address that was dialled, and at others, for one destination alone does
// not show what a NAT does with another.
import type { Connection, Libp2p } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import { tcpEndpoint, withoutPeer } from '../../../shared/addresses.ts'
import type { FindLocalEnd } from '../../../shared/transport/local-ends.ts'
import type { Endpoint, Observation } from '../../nat/nat-kind.ts'
import type { RelayDialler } from '../../reservations/relay-dialler.ts'
import type { TransportDial } from '../../traversal/punch.ts'
import { reflected, type Reflected } from './reflected.ts'
import { connectAgain, type Dialled } from './second-look.ts'

export interface Seen {
  address: Multiaddr
  observation: Observation
}

export interface ObserveInit {
  node: Pick<Libp2p, 'peerId'>
  dial: TransportDial
  dialler: Pick<RelayDialler, 'mapped'>
  localEnd: FindLocalEnd
  /** The relay's own addresses, as it names them. */
  named: readonly Multiaddr[]
  /** When the dial of the connection left, monotonic. */
  connectedAtMs: number
}

/** Oldest first; none when the relay does not say. Rejects with the signal's reason only. */
export async function observe(
  connection: Connection,
  { node, dial, dialler, localEnd, named, connectedAtMs }: ObserveInit,
  signal: AbortSignal
): Promise<Reflected> {
  const first = await seenOn({ connection, atMs: connectedAtMs }, dialler, signal)
  const about = { self: node.peerId, localEnd, named }
  const { seen, clock } = await reflected(connection, about, signal)
  if (seen.length > 0) return { seen: [...first, ...seen], clock }
  const again = await connectAgain(connection, named, { dial, signal })
  const others = await Promise.all(again.map(async (each) => seenOn(each, dialler, signal)))
  return { seen: [...first, ...others.flat()], clock }
}

async function seenOn(
  { connection, atMs }: Dialled,
  dialler: Pick<RelayDialler, 'mapped'>,
  signal: AbortSignal
): Promise<Seen[]> {
  const address = await dialler.mapped(connection, signal)
  const seen = address === undefined ? undefined : tcpEndpoint(address)
  const destination = tcpEndpoint(withoutPeer(connection.remoteAddr))
  if (address === undefined || seen === undefined || destination === undefined) return []
  return [{ address, observation: { destination: bare(destination), address: bare(seen), atMs } }]
}

const bare = ({ host, port }: Endpoint): Endpoint => ({ host, port })
