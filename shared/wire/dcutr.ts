// /libp2p/dcutr: the messages by which two relayed peers agree on when to dial each other. (pure)
// Source: libp2p specs, relay/DCUtR.md.
import { reader, writer } from 'protons-runtime'

export const DCUTR_PROTOCOL = '/libp2p/dcutr'

/** The spec's limit for a message, its length prefix aside. */
export const MAX_DCUTR_MESSAGE_BYTES = 4 * 1024

/** More than any honest host has; one who sends more wants others dialled. */
export const MAX_DCUTR_ADDRESSES = 64

export type DcutrMessage = { type: 'connect'; addresses: Uint8Array[] } | { type: 'sync' }

/** A message that cannot be meant: `reason` says what is wrong with it. */
export class DcutrFormatError extends Error {
  override name = 'DcutrFormatError'
}

const TYPE_CONNECT = 100
const TYPE_SYNC = 300
const TAG_TYPE = (1 << 3) | 0
const TAG_ADDRESSES = (2 << 3) | 2

export function encodeDcutr(message: DcutrMessage): Uint8Array {
  const w = writer()
  w.uint32(TAG_TYPE).int32(message.type === 'connect' ? TYPE_CONNECT : TYPE_SYNC)
  if (message.type === 'connect') {
    for (const address of message.addresses) w.uint32(TAG_ADDRESSES).bytes(address)
  }
  return w.finish()
}

/** Throws DcutrFormatError. Unknown fields are passed over. */
export function decodeDcutr(bytes: Uint8Array): DcutrMessage {
  if (bytes.byteLength > MAX_DCUTR_MESSAGE_BYTES) {
    throw new DcutrFormatError(
      `a message of ${bytes.byteLength} bytes, the limit is ${MAX_DCUTR_MESSAGE_BYTES}`
    )
  }
  const { type, addresses } = readFields(bytes)
  if (type === TYPE_SYNC) return { type: 'sync' }
  if (type === TYPE_CONNECT) return { type: 'connect', addresses }
  throw new DcutrFormatError(
    type === undefined ? 'a message without a type' : `a message of unknown type ${type}`
  )
}

function readFields(bytes: Uint8Array): { type: number | undefined; addresses: Uint8Array[] } {
  const addresses: Uint8Array[] = []
  let type: number | undefined
  try {
    const r = reader(bytes)
    while (r.pos < r.len) {
      const tag = r.uint32()
      if (tag === TAG_TYPE) type = r.int32()
      else if (tag === TAG_ADDRESSES) addresses.push(r.bytes().slice()) // copied: a view keeps the whole buffer
      else r.skipType(tag & 7)
    }
  } catch (cause) {
    throw new DcutrFormatError('a message that ends in the middle of a field', { cause })
  }
  if (addresses.length > MAX_DCUTR_ADDRESSES) {
    throw new DcutrFormatError(
      `a message with ${addresses.length} addresses, the limit is ${MAX_DCUTR_ADDRESSES}`
    )
  }
  return { type, addresses }
}
