// This peer's place at its relays: at each a link (connection, reservation) and a registration in the room.
import type { Libp2p, PrivateKey } from '@libp2p/interface'
import type { TransportManager } from '@libp2p/interface-internal'
import type { Multiaddr } from '@multiformats/multiaddr'
import { UserError } from '../shared/errors.ts'
import { parseRelayAddress } from '../shared/relay-address.ts'
import { startDiscovery, type RoomDiscovery } from './discovery/discovery.ts'
import type { PeerEvent } from './events.ts'
import { startRelayLink, type RelayLink } from './reservations/relay-link.ts'

export interface RelaysInit {
  node: Libp2p
  transportManager: Pick<TransportManager, 'listen' | 'getAddrs'>
  /** Multiaddrs with `/p2p/…`; of several addresses of one relay the first is used. */
  relays: string[]
  room: string
  privateKey: PrivateKey
  /** To be registered, best first. */
  addresses: () => Multiaddr[]
  /** A relay lists a peer in the room. `newcomer`: it came after us, so it is the one to dial. */
  onPeer: (peer: string, relay: string, addresses: Multiaddr[], newcomer: boolean) => void
  onGone: (peer: string, relay: string) => void
  /** A relay has given us a place, for the first time or again. */
  onReserved: () => void
  tell: (event: PeerEvent) => void
}

export interface Relays extends AsyncDisposable {
  /**
   * Resolves when one relay has us in the room and told who else is. Rejects with a UserError when none can, with the
   * signal's reason when that aborts first.
   */
  readonly ready: Promise<void>
  /** Our addresses as relays see them. */
  readonly mapped: Multiaddr[]
  /** Where others can dial us through, and we them: `…/p2p/RELAY/p2p-circuit`. */
  readonly circuits: Multiaddr[]
  /** Whether a peer id is one of our relays'. */
  has(peer: string): boolean
  /** Our addresses may have changed: the rooms are told, where there is a connection. */
  refresh(): void
}

interface Place {
  link: RelayLink
  discovery: RoomDiscovery
}

export function startRelays(init: RelaysInit, options: { signal: AbortSignal }): Relays {
  const places = distinctRelays(init.relays).map((relay) => startPlace(init, relay, options.signal))
  const standing = (): RelayLink[] =>
    places.map(({ link }) => link).filter(({ connection }) => connection !== undefined)
  return {
    ready: firstOf(
      places.map(async ({ ready }) => ready),
      options.signal
    ),
    get mapped() {
      return places.flatMap(({ link }) => (link.mapped === undefined ? [] : [link.mapped]))
    },
    get circuits() {
      return standing().map(({ address }) => address.encapsulate('/p2p-circuit'))
    },
    has: (peer) => places.some(({ link }) => link.peerId === peer),
    refresh: () => {
      for (const { discovery } of places) discovery.refresh()
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(places.map(async ({ discovery }) => discovery[Symbol.asyncDispose]()))
      await Promise.all(places.map(async ({ link }) => link[Symbol.asyncDispose]()))
    }
  }
}

function startPlace(
  init: RelaysInit,
  relay: string,
  signal: AbortSignal
): Place & { ready: Promise<void> } {
  const { address, peerId } = parseRelayAddress(relay)
  const relayId = peerId.toString()
  let settled = false
  const link = startRelayLink(
    {
      ...init,
      relay,
      onState: (state, reason) => {
        init.tell({
          event: 'relay',
          relay: relayId,
          address: address.toString(),
          state,
          ...(reason === undefined ? {} : { reason })
        })
        if (state !== 'reserved') return
        discovery.refresh()
        init.onReserved()
      }
    },
    { signal }
  )
  const discovery = startDiscovery(
    {
      ...init,
      relay: () => link.connection,
      onPeer: (peer, addresses) => init.onPeer(peer.toString(), relayId, addresses, settled),
      onGone: (peer) => init.onGone(peer.toString(), relayId),
      onError: (error) =>
        init.tell({ event: 'error', code: 'rendezvous', message: withoutRoom(error, address) })
    },
    { signal }
  )
  const ready = link.ready
    .then(async () => discovery.firstRound)
    .then(
      () => void (settled = true),
      (error: Error) => {
        if (error instanceof UserError) throw error
        throw new UserError('rendezvous', withoutRoom(error, address), { cause: error })
      }
    )
  return { link, discovery, ready }
}

function withoutRoom(error: Error, relay: Multiaddr): string {
  return `the relay at ${relay.toString()} could not be asked who is in the room: ${error.message}`
}

/** One address for each relay. */
function distinctRelays(relays: string[]): string[] {
  return [
    ...new Map(
      relays.toReversed().map((relay) => [parseRelayAddress(relay).peerId.toString(), relay])
    ).values()
  ].toReversed()
}

/** The first to succeed, or the first one's own error: it says more than "all of them failed". */
async function firstOf(all: Array<Promise<void>>, signal: AbortSignal): Promise<void> {
  try {
    await Promise.any(all)
  } catch (error) {
    // Who is asked to leave has not failed, whatever each of them makes of it.
    signal.throwIfAborted()
    throw error instanceof AggregateError ? error.errors[0] : error
  }
}
