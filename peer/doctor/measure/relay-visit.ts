// One visit to a relay under an identity that is thrown away: everything that is learnt there, in an order in which no
// measurement disturbs another.
import type { Connection } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import { tcpEndpoint, withoutPeer } from '../../../shared/addresses.ts'
import { deadline } from '../../../shared/deadline.ts'
import type { Secret } from '../../../shared/secrets.ts'
import { ACCESS_PROTOCOL } from '../../../shared/wire/access.ts'
import type { NatFiltering } from '../../../shared/wire/nat-report.ts'
import { enter, type Declined } from '../../reservations/entry.ts'
import type { Granted } from '../../reservations/hop-client.ts'
import type { PeerNode } from '../../node.ts'
import { filteringSeenBy } from '../../nat/dial-back.ts'
import { RelayDialler } from '../../reservations/relay-dialler.ts'
import type { ProofOptions } from '../../reservations/secret-proof.ts'
import type { TransportDial } from '../../traversal/punch.ts'
import type { Echoed } from '../assess/large-packets.ts'
import type { Reached } from '../assess/relay.ts'
import { largeEchoes, pingTimes } from './echo.ts'
import { observe } from './observe.ts'
import type { Reflected } from './reflected.ts'
import { tcpConnectMs } from './tcp-connect.ts'

/** The kernel repeats a lost SYN after 1 and 3 s. */
const CONNECT_TIMEOUT_MS = 4_500
const RESERVE_TIMEOUT_MS = 4_000

/** `nowMs`: our clock when the answer came; `self`: the peer id that asked. */
type Reservation = (Granted | Declined) & { nowMs: number; wantsSecret: boolean; self: string }

/** Each rejects when the relay was not reached, with why; or with the signal's reason. */
export interface RelayVisit {
  relay: string
  reached: Promise<Reached>
  reservation: Promise<Reservation>
  echoes: Promise<Echoed[]>
  observed: Promise<Reflected>
  /** What becomes of a connection that the relay makes to us. */
  filtering: Promise<NatFiltering>
}

export interface VisitInit extends PeerNode {
  relay: Multiaddr
  /** For a relay that wants one. */
  secrets: readonly Secret[]
}

export function visitRelay(
  { node, transportManager, localEnd, relay, secrets }: VisitInit,
  signal: AbortSignal
): RelayVisit {
  const dial: TransportDial = async (address, options) => transportManager.dial(address, options)
  const dialler = new RelayDialler(node, relay)
  const connected = connect(dialler, relay, signal)
  const connection = connected.then((each) => each.connection)
  const pings = connection.then(async (open) => pingTimes(open, signal))
  const reservation = connection.then(async (open) =>
    askForPlace(open, { self: node.peerId, secrets, signal }, dialler)
  )
  const observed = Promise.all([connected, reservation.catch(() => undefined)]).then(
    async ([{ connection: open, atMs: connectedAtMs }, answer]) => {
      const named = answer?.granted === true ? answer.addresses : []
      const init = { node, dial, dialler, localEnd, named, connectedAtMs }
      return observe(open, init, signal)
    }
  )
  const quiet = Promise.allSettled([pings, reservation, observed])
  const visit: RelayVisit = {
    relay: relay.toString(),
    reached: Promise.all([connected, pings]).then(([{ tcpMs, handshakeMs }, pingsMs]) => ({
      relay: relay.toString(),
      tcpMs,
      handshakeMs,
      pingsMs
    })),
    reservation,
    // The last: a path that drops large packets is stuck afterwards.
    echoes: quiet.then(async () =>
      (await pings).length === 0 ? [] : largeEchoes(await connection, signal)
    ),
    observed,
    // Not while others are measured, but beside the echoes: it takes two seconds, and few bytes.
    filtering: quiet.then(async () => {
      const open = await connection
      const mapped = await dialler.mapped(open, signal)
      return filteringSeenBy({ connection: open, mapped, localEnd }, { signal })
    })
  }
  for (const each of Object.values(visit)) if (each instanceof Promise) each.catch(() => undefined) // told by its check
  void Promise.allSettled([visit.echoes, visit.filtering]).then(() => dialler[Symbol.dispose]())
  return visit
}

async function connect(
  dialler: RelayDialler,
  relay: Multiaddr,
  outer: AbortSignal
): Promise<{ connection: Connection; atMs: number; tcpMs: number; handshakeMs: number }> {
  using limit = deadline(outer, CONNECT_TIMEOUT_MS, 'the relay was not reached: timed out')
  const endpoint = tcpEndpoint(withoutPeer(relay))
  if (endpoint === undefined) throw new Error(`${relay.toString()} is no TCP address`)
  const tcpMs = await tcpConnectMs(endpoint.host, endpoint.port, limit.signal)
  const atMs = performance.now()
  const connection = await dialler.connect(limit.signal)
  // The dial has a TCP handshake of its own before the others.
  const handshakeMs = Math.max(0, Math.round(performance.now() - atMs - tcpMs))
  return { connection, atMs, tcpMs: Math.round(tcpMs), handshakeMs }
}

async function askForPlace(
  connection: Connection,
  asking: ProofOptions,
  dialler: RelayDialler
): Promise<Reservation> {
  const answer = await enter(connection, { ...asking, timeoutMs: RESERVE_TIMEOUT_MS })
  const nowMs = Date.now()
  const wantsSecret = await dialler.speaks(connection, ACCESS_PROTOCOL, asking.signal)
  return { ...answer, nowMs, wantsSecret, self: asking.self.toString() }
}
