// Signed peer records, sealed and opened in the two forms that are in use: what a peer says of its addresses.
import { PeerRecord, RecordEnvelope } from '@libp2p/peer-record'
import { peerIdFromPublicKey } from '@libp2p/peer-id'
import type { PeerId, PrivateKey } from '@libp2p/interface'
import { multiaddr, type Multiaddr } from '@multiformats/multiaddr'
import { equals } from 'uint8arrays/equals'
import { type Field, readFields } from './wire/field-reader.ts'
import { MAX_RECORD_BYTES } from './wire/rendezvous.ts'

/**
 * `standard` is RFC 0003 of the libp2p specifications, as go and js have it. `rust` is what rust-libp2p signs and
 * accepts in rendezvous (PeerRecord::from_signed_envelope, up to 0.57 at least): the same record under another domain
 * and payload type. Neither is valid as the other, and rust drops a whole reply that has one record in the
 * standard form, so whoever wants to be found by both needs both.
 */
export type RecordForm = 'standard' | 'rust'

export const RECORD_FORMS: readonly RecordForm[] = ['standard', 'rust']

interface Envelope {
  domain: string
  payloadType: Uint8Array<ArrayBuffer>
}

const ENVELOPES: Record<RecordForm, Envelope> = {
  standard: { domain: PeerRecord.DOMAIN, payloadType: PeerRecord.CODEC },
  rust: {
    domain: 'libp2p-routing-state',
    payloadType: new TextEncoder().encode('/libp2p/routing-state-record')
  }
}

/** More than this is not worth trying; a record must stay small enough for a thousand in a reply. */
export const MAX_SEALED_ADDRESSES = 16

/** Of someone else's record: the rest is ignored. */
const MAX_OPENED_ADDRESSES = 64

export interface SignedRecord {
  form: RecordForm
  /** Who signed it and whom it is about: the same. */
  peer: PeerId
  /** Clamped to the safe integers. */
  sequence: number
  /** Those that this version can read. */
  addresses: Multiaddr[]
}

/** Seals the first 16 addresses; `sequence` must grow with every record of a peer. Returns the envelope's encoding. */
export async function sealRecord(
  privateKey: PrivateKey,
  options: {
    form: RecordForm
    addresses: readonly Multiaddr[]
    sequence: number
    signal: AbortSignal
  }
): Promise<Uint8Array> {
  const record = new PeerRecord({
    peerId: peerIdFromPublicKey(privateKey.publicKey),
    multiaddrs: options.addresses.slice(0, MAX_SEALED_ADDRESSES),
    seqNumber: BigInt(options.sequence)
  })
  const { domain, payloadType } = ENVELOPES[options.form]
  record.domain = domain
  record.codec = payloadType
  const envelope = await RecordEnvelope.seal(record, privateKey, { signal: options.signal })
  return envelope.marshal()
}

/**
 * Opens a record and verifies that its peer signed it, and that it is `expected` if given (checked before the costly
 * part). Addresses that this version cannot read are left out.
 *
 * @throws Error that says what is wrong with the record, in a few words
 */
export async function openRecord(
  bytes: Uint8Array,
  options: { expected?: PeerId; signal: AbortSignal }
): Promise<SignedRecord> {
  if (bytes.byteLength === 0) throw new Error('no signed record')
  if (bytes.byteLength > MAX_RECORD_BYTES) {
    throw new Error(`signed record of more than ${MAX_RECORD_BYTES} bytes`)
  }
  const envelope = parse('envelope', () => RecordEnvelope.createFromProtobuf(bytes))
  const signer = peerIdFromPublicKey(envelope.publicKey)
  if (options.expected?.equals(signer) === false) throw new Error('signed by another peer')

  const form = RECORD_FORMS.find((each) =>
    equals(envelope.payloadType, ENVELOPES[each].payloadType)
  )
  if (form === undefined) throw new Error('envelope without a peer record')
  const valid = await envelope
    .validate(ENVELOPES[form].domain, { signal: options.signal })
    .catch(() => false)
  options.signal.throwIfAborted()
  if (!valid) throw new Error('invalid signature')

  const record = parse('peer record', () => decodeRecord(envelope.payload))
  if (!equals(record.peer, signer.toMultihash().bytes)) throw new Error('about another peer')
  return { form, peer: signer, sequence: record.sequence, addresses: readable(record.addresses) }
}

function parse<T>(what: string, decode: () => T): T {
  try {
    return decode()
  } catch (cause) {
    throw new Error(`malformed ${what}`, { cause })
  }
}

interface RawRecord {
  peer: Uint8Array
  sequence: number
  addresses: Uint8Array[]
}

/** PeerRecord { peer_id = 1; seq = 2; addresses = 3 { multiaddr = 1 } }; the library's throws at one odd address. */
function decodeRecord(bytes: Uint8Array): RawRecord {
  const record: RawRecord = { peer: new Uint8Array(), sequence: 0, addresses: [] }
  readFields(bytes, 'record', {
    1: (field) => (record.peer = field.bytesCopy('record.peerId')),
    2: (field) => (record.sequence = field.clampedUint('record.seq')),
    3: (field) => addAddress(record.addresses, field)
  })
  return record
}

function addAddress(addresses: Uint8Array[], field: Field): void {
  if (addresses.length === MAX_OPENED_ADDRESSES) return field.skip()
  let address = new Uint8Array()
  field.nested('record.addresses', {
    1: (inner) => (address = inner.bytesCopy('record.multiaddr'))
  })
  addresses.push(address)
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
