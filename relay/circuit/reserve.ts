// RESERVE: a peer asks to be reachable through the relay.
import type { Stream } from '@libp2p/interface'
import { CircuitStatus, encodeHop } from '../../shared/wire/circuit.ts'
import { sealVoucher } from '../../shared/wire/reservation-voucher.ts'
import { hostKey } from '../host-key.ts'
import { whyOf, type Why } from '../why.ts'
import {
  announcedLimit,
  countRequest,
  refuse,
  type HopConnection,
  type HopContext
} from './context.ts'
import { sendFrame } from './frames.ts'

/** A host of containers has an address for each of their networks; this many keep the answer under its 4 KiB. */
const MAX_RELAY_ADDRESSES = 16

/** Answers one request, and has granted what it says. Throws when the stream breaks. */
export async function reserve(
  stream: Stream,
  connection: HopConnection,
  context: HopContext
): Promise<void> {
  const { books, onEvent, signal } = context
  const peer = connection.remotePeer.toString()
  const refused = (status: number, why: Why): void => {
    onEvent({ event: 'reservation', peer, action: 'refused', ...whyOf(why) })
    refuse(stream, status)
  }
  if (!connection.direct) {
    refused(CircuitStatus.PERMISSION_DENIED, { reason: 'asked over a circuit' })
    return
  }
  const tooMany = countRequest(context, connection)
  if (tooMany !== undefined) {
    refused(CircuitStatus.RESERVATION_REFUSED, tooMany)
    return
  }
  // What is granted from here on is released by the disconnection that comes after it.
  if (context.connectionsTo(connection.remotePeer).length === 0) return
  const host = hostKey(connection.remoteAddr)
  const nowMs = context.nowMs()
  const verdict = books.admission.reserve(peer, host, nowMs)
  if (!verdict.admitted) {
    refused(verdict.status, verdict)
    return
  }
  context.onReserved(verdict.expiresAtMs)
  onEvent({
    event: 'reservation',
    peer,
    action: 'granted',
    ...(verdict.renewed ? { reason: 'renewed' } : {})
  })
  const expireSeconds = Math.floor((context.clockMs() + verdict.expiresAtMs - nowMs) / 1000)
  const voucher = await sealVoucher(
    { relay: context.peerId, peer: connection.remotePeer, expireSeconds },
    context.privateKey,
    { signal }
  )
  const addresses = context.addresses().slice(0, MAX_RELAY_ADDRESSES)
  sendFrame(
    stream,
    encodeHop({
      type: 'STATUS',
      status: CircuitStatus.OK,
      reservation: { expireSeconds, addresses: addresses.map(({ bytes }) => bytes), voucher },
      limit: announcedLimit(books.limits)
    })
  )
}
