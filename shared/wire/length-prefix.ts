// The length before a message, as lpStream of @libp2p/utils wants it decoded. (pure)
// lpStream by itself would read a prefix that never ends for as long as it is sent.
import { decode } from 'uint8-varint'
import type { Uint8ArrayList } from 'uint8arraylist'

/** Two bytes hold 16,383. */
export const MAX_PREFIX_BYTES = 2

/** Throws RangeError while the prefix is incomplete, and what `tooLong` makes for one over the limit of 16,383 or less. */
export function decodeLength(
  prefix: Uint8ArrayList,
  maxBytes: number,
  tooLong: (message: string) => Error
): number {
  const complete = prefix.get(prefix.byteLength - 1) < 128
  const lengthBytes = complete ? decode(prefix) : undefined
  if (prefix.byteLength > MAX_PREFIX_BYTES || (lengthBytes ?? 0) > maxBytes) {
    throw tooLong(`a message is longer than ${maxBytes} bytes`)
  }
  if (lengthBytes === undefined) throw new RangeError('the length prefix is incomplete')
  return lengthBytes
}
