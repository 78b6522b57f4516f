// What our NAT does with those whom nobody behind it has asked: a relay dials us from a port that it has never heard of.
import type { Connection } from '@libp2p/interface'
import { lpStream } from '@libp2p/utils'
import type { Multiaddr } from '@multiformats/multiaddr'
import { asError } from '../../shared/as-error.ts'
import { deadline } from '../../shared/deadline.ts'
import { isPublicAddress, isServicePort, tcpEndpoint, withoutPeer } from '../../shared/addresses.ts'
import type { FindLocalEnd } from '../../shared/transport/local-ends.ts'
import { openAtOnce } from '../../shared/transport/optimistic-streams.ts'
import {
  decodeDialBackAnswer,
  decodeDialBackLength,
  DIAL_BACK_PROTOCOL,
  encodeDialBackRequest,
  type DialBackOutcome
} from '../../shared/wire/dial-back.ts'
import type { NatFiltering } from '../../shared/wire/nat-report.ts'
import type { NatKind } from './nat-kind.ts'

/** The relay's two seconds, two round trips and a lost packet; nobody waits for it. */
const ANSWER_MS = 4_000

export interface DialBackAsked {
  connection: Pick<Connection, 'newStream' | 'remoteAddr'>
  /** Where the relay sees it come from. */
  mapped: Multiaddr | undefined
  /** From the port that we listen on, or there is nobody to find at the mapped one. */
  localEnd: FindLocalEnd
}

/**
 * Of IPv4 and at a public address; else, and when the relay cannot tell, `unknown`. `open` is also what an
 * address-restricted NAT shows: it lets in other ports of a host that we have sent to, and a relay has no other host to
 * dial from. For a punch, in which both sides send, that makes no difference. Throws the signal's reason alone.
 */
export async function filteringSeenBy(
  { connection, mapped, localEnd }: DialBackAsked,
  { signal }: { signal: AbortSignal }
): Promise<NatFiltering> {
  const endpoint = mapped && tcpEndpoint(mapped)
  const relay = tcpEndpoint(withoutPeer(connection.remoteAddr))
  if (relay === undefined || localEnd(relay.host) === undefined) return 'unknown'
  if (mapped === undefined || endpoint?.family !== 4) return 'unknown'
  if (!isPublicAddress(mapped) || isServicePort(endpoint.port)) return 'unknown'
  // A relay that does not speak it, or not in time.
  const outcome = await askDialBack(connection, endpoint.port, { signal }).catch(
    (): DialBackOutcome => 'unable'
  )
  signal.throwIfAborted()
  return FILTERING[outcome]
}

const FILTERING: Record<DialBackOutcome, NatFiltering> = {
  connected: 'open',
  refused: 'rst',
  silent: 'drop',
  unable: 'unknown'
}

/** What a relay has seen says more than what was tried from inside. */
export function withFiltering(kind: NatKind, filtering: NatFiltering = 'unknown'): NatKind {
  return filtering === 'unknown' ? kind : { ...kind, filtering }
}

/** At `port` of the host that the relay sees. Throws what goes wrong on the way, or the signal's reason. */
export async function askDialBack(
  connection: Pick<Connection, 'newStream'>,
  port: number,
  { signal }: { signal: AbortSignal }
): Promise<DialBackOutcome> {
  using limit = deadline(signal, ANSWER_MS, 'the relay does not tell whether it reached us')
  const stream = await openAtOnce(connection, DIAL_BACK_PROTOCOL, { signal: limit.signal })
  try {
    const frames = lpStream(stream, { lengthDecoder: decodeDialBackLength })
    await frames.write(encodeDialBackRequest(port), { signal: limit.signal })
    const answer = await frames.read({ signal: limit.signal })
    void stream.close({ signal }).catch((error: Error) => stream.abort(error))
    return decodeDialBackAnswer(answer.subarray())
  } catch (error) {
    stream.abort(asError(error))
    throw error
  }
}
