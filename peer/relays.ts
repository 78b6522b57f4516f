// This peer's place at its relays: at each a link (connection, reservation) and a registration in the room.
// Whatever happens at one, the others go on; only what is registered there names the circuits through all of them.
import type { Connection, Libp2p, PrivateKey } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import { distinct, withoutPeer } from '../shared/addresses.ts'
import { parseRelayAddress } from '../shared/relay-address.ts'
import type { Secret } from '../shared/secrets.ts'
import type { RelayStatus } from './api.ts'
import { startDiscovery, type RoomDiscovery } from './discovery/discovery.ts'
import type { Subscriptions } from './discovery/meeting-subscription.ts'
import type { FoundPeer } from './discovery/rendezvous-client.ts'
import type { PeerEvent } from './events.ts'
import type { Observer } from './nat/survey.ts'
import { PerMinute } from './per-minute.ts'
import { startRelayLink, type RelayLink } from './reservations/relay-link.ts'
import { unlessAborted } from './unless-aborted.ts'

export interface RelaysInit {
  node: Libp2p
  /** Multiaddrs; of several addresses of one relay the first is used, as far as their peer ids tell. */
  relays: string[]
  room: string
  /** For relays that want one. */
  secrets?: readonly Secret[]
  privateKey: PrivateKey
  /** To be registered beside the circuits, best first. */
  addresses: () => Multiaddr[]
  /**
   * A relay lists a peer in the room. `relay`: its address as it was named, which stays when another relay answers
   * there. `newcomer`: it came after us, so it is the one to dial.
   */
  onPeer: (peer: string, relay: string, addresses: Multiaddr[], newcomer: boolean) => void
  /** A relay tells it of us in this instant. Absent: they are not asked to. */
  onMeet?: ((found: FoundPeer) => void) | undefined
  /** The relay's whole list has it, new or not. */
  onStill: (peer: string, relay: string, addresses: Multiaddr[]) => void
  onGone: (peer: string, relay: string) => void
  /** A relay has given us a place, for the first time or again. */
  onReserved: () => void
  /** That relay stops: what goes through it alone is to go another way. Returns the peers concerned. */
  leave: (relay: string) => string[]
  tell: (event: PeerEvent) => void
}

export interface Relays extends AsyncDisposable {
  /** Resolves when one relay has us in the room, or each was tried once; rejects with the signal's reason. */
  readonly ready: Promise<void>
  /** Resolves when one relay has us in the room and told who else is; rejects with the signal's reason. */
  readonly joined: Promise<void>
  readonly statuses: RelayStatus[]
  /** Our addresses as relays see them. */
  readonly mapped: Multiaddr[]
  /** At which we have a place, with our address as each sees it. */
  readonly observers: Observer[]
  /** Where we can dial others through, one for each relay: `…/p2p/RELAY/p2p-circuit`. */
  readonly circuits: Multiaddr[]
  /** Where they are: as they were named, and where they answer. */
  readonly addresses: Multiaddr[]
  /** Where they are for certain, so that nobody punches there: those, and more that is known of them. */
  readonly endpoints: Multiaddr[]
  /** Whether a peer id is one of our relays', as far as we have met them. */
  has(peer: string): boolean
  /** Our addresses have changed: they are registered anew, at once. */
  announce(): void
  /** Lost relays are tried within that time. */
  hurry(withinMs: number): void
  /** The network has changed, or the machine has slept: everything is asked for anew, at once. */
  renew(): void
}

/** Who says again and again that it stops, and does not, is not to keep us busy elsewhere. */
const MAX_LEAVINGS_PER_MINUTE = 2

/** A day, the longest that a relay of ours takes to stop: more than that is not believed. */
const LONGEST_LEAVING_SECONDS = 86_400

interface Place {
  link: RelayLink
  discovery: RoomDiscovery
  /** Resolves when this relay has us in the room, or the first try has failed. */
  tried: Promise<void>
  joined: Promise<void>
  /** The relay stops: nobody is led through it any more. */
  leaving(withinMs: number): void
}

/** Throws UsageError for what is no relay's address. */
export function startRelays(init: RelaysInit, options: { signal: AbortSignal }): Relays {
  const places: Place[] = []
  const subscriptions: Subscriptions = new Map()
  const announce = (): void => {
    for (const { discovery } of places) discovery.refresh()
  }
  const addresses = (): Multiaddr[] => allAddresses(places, init.addresses())
  const onLeaving = withdrawing(places, init)
  for (const relay of distinctRelays(init.relays)) {
    // What is registered at one relay names the circuits through the others.
    const at = { relay, addresses, subscriptions, onCircuits: announce, onLeaving }
    places.push(startPlace({ ...init, ...at }, options.signal))
  }
  const tried = Promise.all(places.map(async (each) => each.tried)).then(() => undefined)
  const joined = Promise.race(places.map(async (each) => each.joined))
  return {
    ready: unlessAborted(Promise.race([joined, tried]), options.signal),
    joined: unlessAborted(joined, options.signal),
    get statuses() {
      return places.map(({ link }) => link.status)
    },
    get mapped() {
      return places.flatMap(({ link }) => (link.mapped === undefined ? [] : [link.mapped]))
    },
    get observers() {
      return places.flatMap(({ link }) => observerAt(link))
    },
    get circuits() {
      return distinct(
        places.flatMap(({ link: { circuit } }) => (circuit === undefined ? [] : [circuit]))
      )
    },
    get addresses() {
      return places.flatMap(({ link: { address, connection } }) =>
        connection === undefined ? [address] : [address, connection.remoteAddr]
      )
    },
    get endpoints() {
      return places.flatMap(({ link }) => link.endpoints.certain)
    },
    has: (peer) => places.some(({ link }) => link.peerId === peer),
    announce,
    hurry: (withinMs) => {
      for (const { link } of places) link.hurry(withinMs)
    },
    renew: () => {
      for (const { link, discovery } of places) {
        link.hurry(0)
        link.renew()
        discovery.refresh()
      }
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(places.map(async ({ discovery }) => discovery[Symbol.asyncDispose]()))
      await Promise.all(places.map(async ({ link }) => link[Symbol.asyncDispose]()))
    }
  }
}

const observerAt = ({ connection, mapped, endpoints }: RelayLink): Observer[] =>
  connection === undefined
    ? []
    : [
        {
          connection,
          mapped,
          endpoints: endpoints.all,
          onReflecting: (places) => endpoints.reflects(places)
        }
      ]

/** One way through each relay, direct ones, and only then the relays' other addresses: a record ends somewhere. */
function allAddresses(places: readonly Place[], direct: readonly Multiaddr[]): Multiaddr[] {
  const circuits = places.map(({ link }) => link.circuits)
  const further = circuits.flatMap((each) => each.slice(1))
  return distinct([...circuits.flatMap((each) => each.slice(0, 1)), ...direct, ...further])
}

/** When a relay stops: leads nobody through it any more, and looks for what there is elsewhere. */
function withdrawing(
  places: readonly Place[],
  { leave, tell }: RelaysInit
): PlaceInit['onLeaving'] {
  const leavings = new PerMinute(MAX_LEAVINGS_PER_MINUTE)
  return (relay, saidSeconds) => {
    const left = places.filter(({ link }) => link.peerId === relay && link.circuit !== undefined)
    // It has said so before, or we have no place there.
    if (left[0] === undefined || !leavings.take(relay, performance.now())) return
    const seconds = Math.min(saidSeconds, LONGEST_LEAVING_SECONDS)
    const { address } = left[0].link.status
    for (const place of left) place.leaving(seconds * 1000)
    for (const { link, discovery } of places) {
      link.hurry(0)
      discovery.refresh()
    }
    tell({ event: 'relay-leaving', relay, address, seconds, relayed: leave(relay) })
  }
}

interface PlaceInit extends RelaysInit {
  relay: string
  subscriptions: Subscriptions
  /** This relay has given us a place, or taken it away. */
  onCircuits: () => void
  /** By its peer id: it may be ours by several addresses, of which one is told. */
  onLeaving: (relay: string, seconds: number) => void
}

function startPlace(init: PlaceInit, signal: AbortSignal): Place {
  const { relay } = init
  const joined = Promise.withResolvers<void>()
  const tried = Promise.withResolvers<void>()
  let isIn = false
  let reserved = false
  const onState = (status: RelayStatus): void => {
    init.tell(relayEvent(status))
    if (status.reason !== undefined) tried.resolve()
    const wasReserved = reserved
    reserved = status.state === 'reserved'
    if (reserved === wasReserved) return
    init.onCircuits()
    if (reserved) init.onReserved()
  }
  const onConnection = (connection: Connection): void => discovery.prepare(connection)
  const link = startRelayLink({ ...init, relay, onConnection, onState }, { signal })
  const discovery = startDiscovery(
    {
      ...init,
      // One that stops registers nobody.
      relay: () => (link.circuit === undefined ? undefined : link.connection),
      onPeer: (peer, addresses) => init.onPeer(peer.toString(), relay, addresses, isIn),
      onStill: (peer, addresses) => init.onStill(peer.toString(), relay, addresses),
      onGone: (peer) => init.onGone(peer.toString(), relay),
      onLeaving: ({ remotePeer }, { seconds }) => init.onLeaving(remotePeer.toString(), seconds),
      onRound: () => {
        isIn = true
        joined.resolve()
        tried.resolve()
      },
      onError: (error) => {
        const message = `the relay at ${relay} could not be asked who is in the room: ${error.message}`
        init.tell({ event: 'error', code: 'rendezvous', message })
        tried.resolve()
      }
    },
    { signal }
  )
  const leaving = (withinMs: number): void => {
    link.leaving(withinMs)
    reserved = false
  }
  return { link, discovery, tried: tried.promise, joined: joined.promise, leaving }
}

function relayEvent({ relay, address, state, reason, expiresAtMs, limit }: RelayStatus): PeerEvent {
  return {
    event: 'relay',
    ...(relay === undefined ? {} : { relay }),
    address,
    state,
    ...(reason === undefined ? {} : { reason }),
    ...(expiresAtMs === undefined ? {} : { expiresAt: new Date(expiresAtMs).toISOString() }),
    ...(limit === undefined ? {} : { limit })
  }
}

/** One address for each relay, as far as it can be told; of two that lead to one port, the one that names the peer. */
function distinctRelays(relays: string[]): string[] {
  const parsed = relays.map((relay) => parseRelayAddress(relay))
  const pinned = parsed.filter(({ peerId }) => peerId !== undefined)
  const ports = new Set(pinned.map(({ address }) => withoutPeer(address).toString()))
  const byRelay = new Map<string, string>()
  for (const { address, peerId } of parsed) {
    const key = peerId?.toString() ?? address.toString()
    const isNamed = peerId === undefined && ports.has(address.toString())
    if (!isNamed && !byRelay.has(key)) byRelay.set(key, address.toString())
  }
  return [...byRelay.values()]
}
