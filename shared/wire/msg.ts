// The wire format of the seed system's plain messages, `/p2p/msg/1.0.0`: one stream a message, the text as UTF-8
// behind its uvarint length, then the end of the stream; nothing comes back. (pure)
// Source: libp2p-examples/rust-examples src/protocol.rs (`write_length_prefixed`, `read_length_prefixed(_, 2048)`).
import { strictUtf8 } from './field-reader.ts'
import { lengthPrefixed } from './field-writer.ts'

export const MSG_PROTOCOL = '/p2p/msg/1.0.0'

/** Bytes of UTF-8: the seed's program refuses to read more. */
export const MAX_MSG_BYTES = 2048

/** Why bytes are not such a message. */
export class MsgFormatError extends Error {
  override name = 'MsgFormatError'
}

/** The text behind its length, ready for a stream. */
export function encodeMsg(text: string): Uint8Array | MsgFormatError {
  const body = new TextEncoder().encode(text)
  if (body.byteLength > MAX_MSG_BYTES) return new MsgFormatError(tooLong())
  return lengthPrefixed(body)
}

/** The text of one message, without its length. */
export function decodeMsg(bytes: Uint8Array): string | MsgFormatError {
  if (bytes.byteLength > MAX_MSG_BYTES) return new MsgFormatError(tooLong())
  try {
    return strictUtf8.decode(bytes)
  } catch {
    return new MsgFormatError('the message is not UTF-8')
  }
}

function tooLong(): string {
  return `the message is longer than ${MAX_MSG_BYTES} bytes`
}
