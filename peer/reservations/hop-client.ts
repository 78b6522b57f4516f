// Asks a relay for a reservation: one request and one answer on a HOP stream of its own.
// https://github.com/libp2p/specs/blob/master/relay/circuit-v2.md#reservation
import type { Connection, PeerId } from '@libp2p/interface'
import { UnsupportedProtocolError } from '@libp2p/interface'
import { lpStream } from '@libp2p/utils'
import { multiaddr, type Multiaddr } from '@multiformats/multiaddr'
import { asError } from '../../shared/as-error.ts'
import { deadline } from '../../shared/deadline.ts'
import { openAtOnce } from '../../shared/transport/optimistic-streams.ts'
import {
  CircuitMessageError,
  CircuitStatus,
  decodeCircuitLength,
  decodeHop,
  encodeHop,
  HOP_PROTOCOL,
  type CircuitLimit,
  type CircuitReservation,
  type HopMessage
} from '../../shared/wire/circuit.ts'
import { openVoucher, VoucherError } from '../../shared/wire/reservation-voucher.ts'
import { closeServed } from './close-served.ts'
import { ReservationError, type ReservationFault } from './reservation-error.ts'

/** Stream, request and answer are two round trips; at 10 % packet loss 5 s were too few in 2 of 40 tries. */
const ANSWER_TIMEOUT_MS = 10_000

export interface Granted {
  granted: true
  /** Unix milliseconds by the relay's clock, as it says: may lie in the past or far beyond. */
  expiresAtMs: number
  /** Of each circuit through the relay. */
  limit: CircuitLimit
  /** The relay's own, those that can be read. */
  addresses: Multiaddr[]
}

export interface Refused {
  granted: false
  status: number | undefined
}

export interface ReserveOptions {
  self: PeerId
  signal: AbortSignal
  timeoutMs?: number
}

/** What is used of a connection. */
export type HopConnection = Pick<Connection, 'newStream' | 'remotePeer'>

/** Throws ReservationError, or the signal's reason. */
export async function reserve(
  connection: HopConnection,
  { self, signal, timeoutMs = ANSWER_TIMEOUT_MS }: ReserveOptions
): Promise<Granted | Refused> {
  using limit = deadline(signal, timeoutMs, 'no answer to a reservation in time')
  try {
    const { type, status, reservation, limit: given } = await ask(connection, limit.signal)
    if (type !== 'STATUS') throw new CircuitMessageError(`a ${type} is no answer`)
    if (status !== CircuitStatus.OK) return { granted: false, status }
    if (reservation === undefined) throw new CircuitMessageError('an OK without a reservation')
    await checkVoucher(reservation, { relay: connection.remotePeer, self, signal: limit.signal })
    return {
      granted: true,
      expiresAtMs: reservation.expireSeconds * 1000,
      limit: given ?? {},
      addresses: readable(reservation.addresses)
    }
  } catch (cause) {
    signal.throwIfAborted()
    throw faultOf(cause, limit.signal)
  }
}

async function ask(connection: HopConnection, signal: AbortSignal): Promise<HopMessage> {
  const stream = await openAtOnce(connection, HOP_PROTOCOL, { signal })
  try {
    const frames = lpStream(stream, { lengthDecoder: decodeCircuitLength })
    await frames.write(encodeHop({ type: 'RESERVE' }), { signal })
    const answer = decodeHop((await frames.read({ signal })).subarray())
    closeServed(stream)
    return answer
  } catch (error) {
    stream.abort(asError(error))
    throw error
  }
}

/** Nobody asks us for the voucher, but a relay that hands out a wrong one is broken or up to something. */
async function checkVoucher(
  { voucher }: CircuitReservation,
  { relay, self, signal }: { relay: PeerId; self: PeerId; signal: AbortSignal }
): Promise<void> {
  if (voucher === undefined || voucher.byteLength === 0) return
  const opened = await openVoucher(voucher, { signal })
  if (!opened.relay.equals(relay)) throw new VoucherError('the voucher is of another relay')
  if (!opened.peer.equals(self)) throw new VoucherError('the voucher is for another peer')
}

function readable(addresses: Uint8Array[]): Multiaddr[] {
  return addresses.flatMap((bytes) => {
    try {
      return [multiaddr(bytes)]
    } catch {
      return []
    }
  })
}

function faultOf(cause: unknown, timedOut: AbortSignal): ReservationError {
  const why = cause instanceof Error ? cause.message : String(cause)
  return new ReservationError(kindOf(cause, timedOut), why, { cause })
}

function kindOf(cause: unknown, timedOut: AbortSignal): ReservationFault {
  if (timedOut.aborted) return 'no-answer'
  if (cause instanceof UnsupportedProtocolError) return 'no-hop'
  if (cause instanceof VoucherError) return 'wrong-voucher'
  return cause instanceof CircuitMessageError ? 'garbage' : 'broken-off'
}
