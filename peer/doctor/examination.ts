// What the checks share: a node of its own under an identity that is thrown away, and what was seen from it.
import { generateKeyPair } from '@libp2p/crypto/keys'
import { isLoopback } from '@libp2p/utils'
import { multiaddr, type Multiaddr } from '@multiformats/multiaddr'
import { isRelayed, tcpEndpoint } from '../../shared/addresses.ts'
import type { Secret } from '../../shared/secrets.ts'
import type { PortReuse } from '../../shared/transport/port-reuse.ts'
import { PunchTable } from '../../shared/transport/punch-table.ts'
import type { NatFiltering } from '../../shared/wire/nat-report.ts'
import { withFiltering } from '../nat/dial-back.ts'
import { hairpinTarget, tryHairpin, withHairpin } from '../nat/hairpin.ts'
import { classifyNat, UNKNOWN_NAT, type NatKind } from '../nat/nat-kind.ts'
import { startPeerNode, type PeerNode } from '../node.ts'
import { publicHosts } from '../port-mapping/usefulness.ts'
import { unlessAborted } from '../unless-aborted.ts'
import type { ForwardTried } from './assess/port-mapping.ts'
import type { Seen } from './measure/observe.ts'
import { visitRelay, type RelayVisit } from './measure/relay-visit.ts'
import { tryForward } from './measure/try-forward.ts'

export interface ExaminationInit {
  /** Multiaddrs that passed `parseRelayAddress`. */
  relays: readonly string[]
  /** For relays that want one. */
  secrets: readonly Secret[]
  reuse: PortReuse
}

export interface Examination extends AsyncDisposable {
  readonly reuse: PortReuse
  readonly visits: readonly RelayVisit[]
  /** Never rejects: what nobody has seen is unknown. */
  readonly nat: Promise<NatKind>
  /** Undefined: a forwarded port would not help. Rejects with the signal's reason only. */
  readonly forward: Promise<ForwardTried | undefined>
}

const LISTEN = ['/ip4/0.0.0.0/tcp/0', '/ip6/::/tcp/0']

/** From the start: a relay that is slow to tell must not take the rest with it. */
const FILTERING_MS = 8_000

/** Throws UserError when it cannot listen anywhere. */
export async function startExamination(
  { relays, secrets, reuse }: ExaminationInit,
  { signal }: { signal: AbortSignal }
): Promise<Examination> {
  const net = await startPeerNode({
    privateKey: await generateKeyPair('Ed25519'),
    listen: LISTEN,
    announce: [],
    punches: new PunchTable(),
    reuse
  })
  const listening = (): Multiaddr[] => listeningOn(net)
  const visits = relays.map((text) =>
    visitRelay({ ...net, relay: multiaddr(text), secrets }, signal)
  )
  const seen = observations(visits)
  const soon = AbortSignal.any([signal, AbortSignal.timeout(FILTERING_MS)])
  const filtering = unlessAborted(filteringOf(visits), soon).catch((): NatFiltering => 'unknown')
  const nat = seen.then(async (each) => {
    const kind = natOf(listening(), each)
    return withFiltering(await hairpinTried(kind, signal), await filtering)
  })
  const forward = seen.then(async (each) => {
    const seenAt = publicHosts(
      each.map(({ address }) => address),
      listening()
    )
    return seenAt.length === 0 ? undefined : tryForward({ listening: listening(), seenAt }, signal)
  })
  forward.catch(() => undefined) // told by its check
  return {
    reuse,
    visits,
    nat,
    forward,
    [Symbol.asyncDispose]: async () => net.node.stop()
  }
}

async function observations(visits: readonly RelayVisit[]): Promise<Seen[]> {
  const all = await Promise.allSettled(visits.map(async ({ observed }) => observed))
  return all.flatMap((each) => (each.status === 'fulfilled' ? each.value.seen : []))
}

/** Of the relays that can tell, the first. */
async function filteringOf(visits: readonly RelayVisit[]): Promise<NatFiltering> {
  const all = await Promise.allSettled(visits.map(async ({ filtering }) => filtering))
  const told = all.map((each) => (each.status === 'fulfilled' ? each.value : 'unknown'))
  return told.find((each) => each !== 'unknown') ?? 'unknown'
}

/** Of IPv4: with IPv6 there is no NAT that matters. A relay on this machine sees nothing of the way to others. */
function natOf(listening: readonly Multiaddr[], seen: readonly Seen[]): NatKind {
  const own = listening.map(tcpEndpoint).filter((endpoint) => endpoint?.family === 4)
  const listeningPort = own[0]?.port
  if (listeningPort === undefined) return UNKNOWN_NAT
  const hosts = own.flatMap((endpoint) => (endpoint === undefined ? [] : [endpoint.host]))
  const seen4 = seen.filter(
    ({ address }) => tcpEndpoint(address)?.family === 4 && !isLoopback(address)
  )
  return classifyNat(
    { listeningPort, hosts },
    seen4.map(({ observation }) => observation)
  )
}

async function hairpinTried(kind: NatKind, signal: AbortSignal): Promise<NatKind> {
  const target = hairpinTarget(kind)
  return target === undefined ? kind : withHairpin(kind, await tryHairpin(target, signal))
}

const listeningOn = ({ transportManager }: PeerNode): Multiaddr[] =>
  transportManager.getAddrs().filter((address) => !isRelayed(address))
