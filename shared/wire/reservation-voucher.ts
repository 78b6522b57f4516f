// The signed proof that a relay has given a peer a reservation. (no I/O; signing is asynchronous)
// https://github.com/libp2p/specs/blob/master/relay/circuit-v2.md#reservation-vouchers
import { peerIdFromPublicKey } from '@libp2p/peer-id'
import type { PeerId, PrivateKey, Record as SignedRecord } from '@libp2p/interface'
import { RecordEnvelope } from '@libp2p/peer-record'
import { readFields } from './field-reader.ts'
import { FieldWriter } from './field-writer.ts'
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
  return new FieldWriter()
    .bytes(1, relay.toMultihash().bytes)
    .bytes(2, peer.toMultihash().bytes)
    .uint(3, expireSeconds)
    .finish()
}

function decodeVoucher(payload: Uint8Array): ReservationVoucher {
  const voucher = { relay: new Uint8Array(), peer: new Uint8Array(), expireSeconds: 0 }
  readFields(payload, 'voucher', {
    1: (field) => (voucher.relay = field.bytesCopy('voucher.relay')),
    2: (field) => (voucher.peer = field.bytesCopy('voucher.peer')),
    3: (field) => (voucher.expireSeconds = field.clampedUint('voucher.expiration'))
  })
  const relayId = peerIdFromBytes(voucher.relay)
  const peerId = peerIdFromBytes(voucher.peer)
  if (relayId === undefined || peerId === undefined) {
    throw new VoucherError('a reservation voucher lacks the peer ids of relay or peer')
  }
  return { relay: relayId, peer: peerId, expireSeconds: voucher.expireSeconds }
}
