// Asks all our relays where they see our listening port, and when they disagree, where they see other ports of ours.
import type { Connection, PeerId, PublicKey } from '@libp2p/interface'
import { ipPortToMultiaddr } from '@libp2p/utils'
import type { Multiaddr } from '@multiformats/multiaddr'
import { distinct, tcpEndpoint } from '../../shared/addresses.ts'
import type { FindLocalEnd } from '../../shared/transport/local-ends.ts'
import { unlessAborted } from '../unless-aborted.ts'
import { believableMapping } from '../reservations/mapping.ts'
import { ip4HostsOf, portsElsewhere } from './ip4-hosts.ts'
import type { Endpoint, Observation } from './nat-kind.ts'
import { askReflection, reflectPortsOf, type Seen } from './reflections.ts'

/** A relay that sees us: our connection to it left from the listening port. */
export interface Observer {
  connection: Pick<Connection, 'newStream' | 'remotePeer' | 'remoteAddr'>
  /** Where it sees that connection come from. */
  mapped: Multiaddr | undefined
  /** Where the relay is, as far as is known. */
  endpoints: readonly Multiaddr[]
  /** It reflects there, as it says or has shown: on other ports of its host, or at another one. */
  onReflecting: (places: readonly Multiaddr[]) => void
}

export interface SurveyInit {
  self: PeerId
  observers: readonly Observer[]
  localEnd: FindLocalEnd
  /** Was seen at the listening port, which others can be shown. */
  onSeen: (relay: PeerId, key: PublicKey, seen: Seen) => void
}

/** A port of a relay that reflects. */
export interface Mirror {
  destination: Endpoint
  relayKey: PublicKey
}

export interface Survey {
  /** Oldest first. */
  seen: Observation[]
  mirrors: Mirror[]
  /** Our IPv4 addresses as relays see them that are reached by IPv6: as good as those that connections have. */
  places: Multiaddr[]
}

/** A relay that does not answer has seen nothing. Throws the signal's reason alone. */
export async function survey(init: SurveyInit, signal: AbortSignal): Promise<Survey> {
  const all = await joined(init.observers.map(async (observer) => ask(observer, init, signal)))
  signal.throwIfAborted()
  return all
}

/** Where a relay sees fresh ports of ours, `count` of them unless packets get lost, in the order in which they were opened. */
export async function sample(
  { destination, relayKey }: Mirror,
  { self, count }: { self: PeerId; count: number },
  signal: AbortSignal
): Promise<Observation[]> {
  const asked = Array.from({ length: count }, async () =>
    askReflection({ destination, relayKey, self, mustBeDated: true, signal }).catch(() => undefined)
  )
  const seen = await Promise.all(asked)
  signal.throwIfAborted()
  return seen.flatMap((each) => {
    if (each === undefined) return []
    const observation = observationOf(destination, each)
    return observation === undefined ? [] : [{ ...observation, freshPort: each.localPort }]
  })
}

/** For looking up names, which no signal ends. */
const NAMES_MS = 5_000

const NOTHING: Survey = { seen: [], mirrors: [], places: [] }

async function ask(observer: Observer, init: SurveyInit, signal: AbortSignal): Promise<Survey> {
  const { connection, mapped, endpoints } = observer
  const reached = tcpEndpoint(connection.remoteAddr)
  const seenAt = mapped && tcpEndpoint(mapped)
  if (reached === undefined || seenAt === undefined) return NOTHING
  const soon = AbortSignal.any([signal, AbortSignal.timeout(NAMES_MS)])
  const found = ip4HostsOf(connection.remoteAddr, endpoints)
  const hosts = await unlessAborted(found, soon).catch(() => [])
  // A relay that does not reflect, or not now: what its main port sees still counts.
  const ports = await reflectPortsOf(connection, { signal }).catch(() => [])
  observer.onReflecting(ports.map((port) => ipPortToMultiaddr(reached.host, port)))
  const relay = connection.remotePeer
  if (reached.family === 6 || seenAt.family === 6) {
    const there = portsElsewhere(ports)
    const elsewhere = await joined(
      hosts.map(async (host) => reflectedAt({ relay, host, ports: there }, init, signal))
    )
    observer.onReflecting(
      elsewhere.mirrors.map(({ destination }) =>
        ipPortToMultiaddr(destination.host, destination.port)
      )
    )
    return elsewhere
  }
  const [host] = hosts
  if (host === undefined) return NOTHING
  const destination = { host, port: reached.port }
  const main = { destination, address: { host: seenAt.host, port: seenAt.port } }
  const { seen, mirrors } = await reflectedAt(
    { relay, host, ports: ports.slice(0, 1) },
    init,
    signal
  )
  return { seen: [main, ...seen], mirrors, places: [] }
}

/** The first of those ports that reflects. */
async function reflectedAt(
  { relay, host, ports }: { relay: PeerId; host: string; ports: readonly number[] },
  { self, localEnd, onSeen }: SurveyInit,
  signal: AbortSignal
): Promise<Survey> {
  const local = localEnd(host)
  const { publicKey: relayKey } = relay
  if (local === undefined || relayKey === undefined) return NOTHING
  for (const port of ports) {
    const destination = { host, port }
    const asked = { destination, relayKey, self, local, signal }
    const seen = await askReflection(asked).catch(() => undefined)
    const observation = seen && observationOf(destination, seen)
    if (seen === undefined || observation === undefined) continue
    onSeen(relay, relayKey, seen)
    const place = believableMapping(seen.reflection.address, ipPortToMultiaddr(host, port))
    return {
      seen: [observation],
      mirrors: [{ destination, relayKey }],
      places: place === undefined ? [] : [place]
    }
  }
  return NOTHING
}

async function joined(surveys: ReadonlyArray<Promise<Survey>>): Promise<Survey> {
  const all = await Promise.all(surveys)
  return {
    seen: all
      .flatMap(({ seen }) => seen)
      .toSorted((one, other) => (one.atMs ?? -Infinity) - (other.atMs ?? -Infinity)),
    mirrors: all.flatMap(({ mirrors }) => mirrors),
    places: distinct(all.flatMap(({ places }) => places))
  }
}

function observationOf(destination: Endpoint, { reflection, atMs }: Seen): Observation | undefined {
  const address = endpointOf(reflection.address)
  return address && { destination, address, ...(atMs === undefined ? {} : { atMs }) }
}

function endpointOf(address: Multiaddr): Endpoint | undefined {
  const endpoint = tcpEndpoint(address)
  return endpoint?.family === 4 ? { host: endpoint.host, port: endpoint.port } : undefined
}
