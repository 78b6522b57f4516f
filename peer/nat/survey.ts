// Asks all our relays where they see our listening port, and when they disagree, where they see other ports of ours.
import { lookup } from 'node:dns/promises'
import type { Connection, PeerId, PublicKey } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import { tcpEndpoint } from '../../shared/addresses.ts'
import type { FindLocalEnd } from '../../shared/transport/local-ends.ts'
import type { Endpoint, Observation } from './nat-kind.ts'
import { askReflection, reflectPortsOf, type Seen } from './reflections.ts'

/** A relay that sees us: our connection to it left from the listening port. */
export interface Observer {
  connection: Pick<Connection, 'newStream' | 'remotePeer' | 'remoteAddr'>
  /** Where it sees that connection come from. */
  mapped: Multiaddr | undefined
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
}

/** A relay that does not answer has seen nothing. Throws the signal's reason alone. */
export async function survey(init: SurveyInit, signal: AbortSignal): Promise<Survey> {
  const asked = init.observers.map(async (observer) => ask(observer, init, signal))
  const all = await Promise.all(asked)
  signal.throwIfAborted()
  return {
    seen: all
      .flatMap(({ seen }) => seen)
      .toSorted((one, other) => (one.atMs ?? -Infinity) - (other.atMs ?? -Infinity)),
    mirrors: all.flatMap(({ mirrors }) => mirrors)
  }
}

/** Where a relay sees fresh ports of ours, `count` of them, in the order in which they were opened. */
export async function sample(
  { destination, relayKey }: Mirror,
  { self, count }: { self: PeerId; count: number },
  signal: AbortSignal
): Promise<Observation[]> {
  const asked = Array.from({ length: count }, async () =>
    askReflection({ destination, relayKey, self, signal }).catch(() => undefined)
  )
  const seen = await Promise.all(asked)
  signal.throwIfAborted()
  return seen.flatMap((each) => {
    if (each === undefined) return []
    const observation = observationOf(destination, each)
    return observation === undefined ? [] : [{ ...observation, freshPort: each.localPort }]
  })
}

async function ask(
  { connection, mapped }: Observer,
  { self, localEnd, onSeen }: SurveyInit,
  signal: AbortSignal
): Promise<Survey> {
  const found: Survey = { seen: [], mirrors: [] }
  const relay = await resolved(connection.remoteAddr).catch(() => undefined)
  const atMainPort = mapped && endpointOf(mapped)
  if (relay === undefined || atMainPort === undefined) return found
  found.seen.push({ destination: relay, address: atMainPort })
  const { remotePeer } = connection
  const { publicKey: relayKey } = remotePeer
  const local = localEnd(relay.host)
  if (relayKey === undefined || local === undefined) return found
  try {
    const [port] = await reflectPortsOf(connection, { signal })
    if (port === undefined) return found
    const destination = { host: relay.host, port }
    const seen = await askReflection({ destination, relayKey, self, local, signal })
    const observation = observationOf(destination, seen)
    if (observation === undefined) return found
    onSeen(remotePeer, relayKey, seen)
    found.seen.push(observation)
    found.mirrors.push({ destination, relayKey })
  } catch {
    // It does not reflect, or not now: what its main port sees still counts.
  }
  return found
}

function observationOf(destination: Endpoint, { reflection, atMs }: Seen): Observation | undefined {
  const address = endpointOf(reflection.address)
  return address && { destination, address, ...(atMs === undefined ? {} : { atMs }) }
}

/** Of IPv4, with its name looked up; undefined for other families and for circuits. */
async function resolved(address: Multiaddr): Promise<Endpoint | undefined> {
  const endpoint = tcpEndpoint(address)
  if (endpoint === undefined || endpoint.family === 6) return undefined
  const { host, port, named } = endpoint
  return named ? { host: (await lookup(host, { family: 4 })).address, port } : { host, port }
}

function endpointOf(address: Multiaddr): Endpoint | undefined {
  const endpoint = tcpEndpoint(address)
  return endpoint?.family === 4 ? { host: endpoint.host, port: endpoint.port } : undefined
}
