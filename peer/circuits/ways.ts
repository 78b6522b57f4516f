// The ways to members through relays, ours and theirs: which there are, and how they are dialled.
import type { Connection } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import { withoutPeer } from '../../shared/addresses.ts'
import { asError } from '../../shared/as-error.ts'
import type { BoundDialOptions } from '../../shared/transport/bound-tcp.ts'
import type { Secret } from '../../shared/secrets.ts'
import type { PeerNode } from '../node.ts'
import type { Relays } from '../relays.ts'
import { proveSecret } from '../reservations/secret-proof.ts'
import { circuitDial } from './dial.ts'
import { startForeignRelays, type ForeignRelays } from './foreign-relays.ts'
import { circuitRoutes } from './routes.ts'

export interface WaysInit extends Pick<PeerNode, 'node' | 'transportManager'> {
  relays: () => Pick<Relays, 'circuits' | 'addresses' | 'has'> | undefined
  /** What a member registered. */
  addresses: (peer: string) => Multiaddr[]
  /** Our own addresses. */
  own: () => Multiaddr[]
  /** A relay that only a member names, its own machine perhaps, would get to know our address: none is dialled. */
  relayedOnly: boolean
  /** For relays that want one. */
  secrets?: readonly Secret[]
}

export interface Ways extends AsyncDisposable {
  /** Circuit addresses to dial a member through, the likeliest first, without the destination. */
  circuits: (peer: string) => Multiaddr[]
  dialCircuit: (address: Multiaddr, signal: AbortSignal) => Promise<Connection>
  /** Whether what is relayed stands and falls with that peer. */
  isRelay: (peer: string) => boolean
}

export function startWays(init: WaysInit, options: { signal: AbortSignal }): Ways {
  const { node, transportManager, relays, secrets = [] } = init
  const isOwn = (id: string): boolean => relays()?.has(id) ?? false
  const here = (): Multiaddr[] => [
    ...init.own(),
    ...(relays()?.addresses ?? []).map((address) => withoutPeer(address))
  ]
  const dial = async (address: Multiaddr, signal: AbortSignal): Promise<Connection> => {
    // What our NAT maps for relays that come and go is of no use to anybody.
    const dialOptions: Pick<BoundDialOptions, 'signal' | 'source'> = { signal, source: 'ephemeral' }
    const connection = await transportManager.dial(address, dialOptions)
    try {
      await proveSecret(connection, { self: node.peerId, secrets, signal })
    } catch (error) {
      connection.abort(asError(error))
      throw error
    }
    return connection
  }
  const foreign: ForeignRelays | undefined = init.relayedOnly
    ? undefined
    : startForeignRelays({ node, dial, isOwn, here }, options)
  const throughRelay = circuitDial(transportManager)
  return {
    circuits: (member) => {
      const own = relays()?.circuits ?? []
      if (foreign === undefined) return own
      const registered = init.addresses(member)
      return circuitRoutes({ self: node.peerId.toString(), member, own, registered })
    },
    dialCircuit: async (address, signal) => {
      await foreign?.connect(address, signal)
      return throughRelay(address, signal)
    },
    isRelay: (id) => isOwn(id) || foreign?.has(id) === true,
    [Symbol.asyncDispose]: async () => foreign?.[Symbol.asyncDispose]()
  }
}
