// Where a relay sees us at its reflecting ports: from the port we listen on, and from some others, which shows a pattern.
import type { Connection, PeerId } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import { tcpEndpoint, withoutPeer } from '../../../shared/addresses.ts'
import { deadline } from '../../../shared/deadline.ts'
import type { FindLocalEnd } from '../../../shared/transport/local-ends.ts'
import type { Endpoint } from '../../nat/nat-kind.ts'
import { ip4HostsOf, portsElsewhere } from '../../nat/ip4-hosts.ts'
import { askReflection, reflectPortsOf, type Asked } from '../../nat/reflections.ts'
import type { Seen } from './observe.ts'

/** Together with what the relay's main port sees, enough to tell blocks from chance. */
const FRESH_PORTS = 2
const MAX_REFLECTING = 2

const TIMEOUT_MS = 3_000

export interface Reflected {
  seen: Seen[]
  /** The relay's clock, and ours when it told it: Unix milliseconds. The relay's has whole seconds. */
  clock: { relayMs: number; nowMs: number } | undefined
}

export interface ReflectedInit {
  self: PeerId
  localEnd: FindLocalEnd
  /** The relay's own addresses, as it names them. */
  named: readonly Multiaddr[]
}

/** One after the other, for the order tells as well. Nothing of a relay that does not reflect; rejects with the signal's reason only. */
export async function reflected(
  connection: Connection,
  { self, localEnd, named }: ReflectedInit,
  outer: AbortSignal
): Promise<Reflected> {
  using limit = deadline(outer, TIMEOUT_MS, 'the relay does not reflect in time')
  const found: Reflected = { seen: [], clock: undefined }
  const reached = withoutPeer(connection.remoteAddr)
  const relay = tcpEndpoint(reached)
  const relayKey = connection.remotePeer.publicKey
  if (relay === undefined || relayKey === undefined) return found
  const ports = await reflectPortsOf(connection, limit).catch(() => [])
  const others = relay.family === 6 ? await ip4HostsOf(reached, named.map(withoutPeer)) : []
  const places = [
    { host: relay.host, ports },
    ...others.map((host) => ({ host, ports: portsElsewhere(ports) }))
  ]
  const { signal } = limit
  for (const { host, ports: at } of places) {
    const asked = questions(at, localEnd(host)).map(({ local, port }) => ({
      destination: { host, port },
      relayKey,
      self,
      signal,
      ...(local && { local })
    }))
    await askEach(asked, found)
  }
  outer.throwIfAborted()
  return found
}

/** A relay that is not one of ours, or whose port a firewall keeps shut: what came before that counts. */
async function askEach(questionsThere: readonly Asked[], found: Reflected): Promise<void> {
  for (const asked of questionsThere) {
    const seen = await askReflection(asked).catch(() => undefined)
    if (seen === undefined) return
    const { reflection, localPort, atMs } = seen
    const address = tcpEndpoint(reflection.address)
    if (address === undefined) continue
    const observation = {
      destination: asked.destination,
      address: { host: address.host, port: address.port },
      ...(atMs === undefined ? {} : { atMs }),
      ...(asked.local === undefined ? { freshPort: localPort } : {})
    }
    found.clock ??= { relayMs: reflection.unixSeconds * 1000, nowMs: Date.now() }
    found.seen.push({ address: reflection.address, observation })
  }
}

/** From our listening port to some of them, then from others to one. */
function questions(
  ports: readonly number[],
  listening: Endpoint | undefined
): Array<{ local?: Endpoint; port: number }> {
  const [port] = ports
  if (port === undefined) return []
  const fresh = Array.from({ length: FRESH_PORTS }, () => ({ port }))
  if (listening === undefined) return fresh
  const shared = ports.slice(0, MAX_REFLECTING).map((each) => ({ local: listening, port: each }))
  return [...shared, ...fresh]
}
