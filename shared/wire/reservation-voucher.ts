// The signed proof that a relay has given a peer a reservation. (no I/O; signing is asynchronous)
// https://github.com/libp2p/specs/blob/master/relay/circuit-v2.md#reservation-vouchers
import { peerIdFromPublicKey } from '@libp2p/peer-id'
import type { PeerId, PrivateKey, Record as SignedRecord } from '@libp2p/interface'
import { RecordEnvelope } from '@libp2p/peer-record'
import { reader, writer } from 'protons-runtime'
import { peerIdFromBytes } from './peer-id-bytes.ts'

const DOMAIN = 'libp2p-relay-rsvp'
const PAYLOAD_TYPE = new Uint8Array([0x03, 0x02])

export interface ReservationVoucher {
  relay: PeerId
  peer: PeerId
  /** Unix time, UTC. */
  expireSeconds: number
}

/** An envelope that is not a voucher, or not signed by the relay that it names. */
export class VoucherError extends Error {
  override name = 'VoucherError'
}

/** The signed envelope as it stands in a reservation. */
export async function sealVoucher(
  voucher: ReservationVoucher,
  relayKey: PrivateKey,
  options: { signal: AbortSignal }
): Promise<Uint8Array> {
  const payload = encodeVoucher(voucher)
  const record: SignedRecord = {
    domain: DOMAIN,
    codec: PAYLOAD_TYPE,
    marshal: () => payload,
    equals: (other) => Buffer.compare(other.marshal(), payload) === 0
  }
  const envelope = await RecordEnvelope.seal(record, relayKey, options)
  return envelope.marshal()
}

/** Checks the signature, and that the relay that the voucher names has made it. Throws VoucherError. */
export async function openVoucher(
  envelopeBytes: Uint8Array,
  options: { signal: AbortSignal }
): Promise<ReservationVoucher> {
  try {
    const envelope = await RecordEnvelope.openAndCertify(envelopeBytes, DOMAIN, options)
    if (Buffer.compare(envelope.payloadType, PAYLOAD_TYPE) !== 0) {
      throw new VoucherError('an envelope holds something else than a reservation voucher')
    }
    const voucher = decodeVoucher(envelope.payload)
    if (!peerIdFromPublicKey(envelope.publicKey).equals(voucher.relay)) {
      throw new VoucherError('a voucher is signed by somebody else than the relay it names')
    }
    return voucher
  } catch (cause) {
    options.signal.throwIfAborted()
    if (cause instanceof VoucherError) throw cause
    throw new VoucherError('a reservation voucher cannot be read or its signature is wrong', {
      cause
    })
  }
}

/** The payload of the envelope. */
export function encodeVoucher({ relay, peer, expireSeconds }: ReservationVoucher): Uint8Array {
  return writer()
    .uint32(10)
    .bytes(relay.toMultihash().bytes)
    .uint32(18)
    .bytes(peer.toMultihash().bytes)
    .uint32(24)
    .uint64Number(expireSeconds)
    .finish()
}

function decodeVoucher(payload: Uint8Array): ReservationVoucher {
  const r = reader(payload)
  let relay = new Uint8Array()
  let peer = new Uint8Array()
  let expireSeconds = 0
  while (r.pos < r.len) {
    const tag = r.uint32()
    if (tag >>> 3 === 1) relay = r.bytes()
    else if (tag >>> 3 === 2) peer = r.bytes()
    else if (tag >>> 3 === 3) expireSeconds = Number(r.uint64())
    else r.skipType(tag & 7)
  }
  const relayId = peerIdFromBytes(relay)
  const peerId = peerIdFromBytes(peer)
  if (relayId === undefined || peerId === undefined) {
    throw new VoucherError('a reservation voucher lacks the peer ids of relay or peer')
  }
  return { relay: relayId, peer: peerId, expireSeconds }
}
