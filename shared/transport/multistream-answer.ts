// The answer to a multistream-select proposal, foreseen: what follows it need not wait for a round trip.
// go-libp2p negotiates its streams so; a remote that answers something else ends the stream or connection.
import { UnsupportedProtocolError } from '@libp2p/interface'
import { encode } from 'uint8-varint'
import { Uint8ArrayList } from 'uint8arraylist'

export const MULTISTREAM = '/multistream/1.0.0'

/** What a stream or connection of libp2p has beside its public face: the place where incoming bytes are put. */
export interface Receiver {
  /** What has come and nobody has read yet. */
  readonly readBuffer?: Uint8ArrayList
  onData(data: Uint8Array | Uint8ArrayList): void
  abort(error: Error): void
}

export function isReceiver<T extends { abort(error: Error): void }>(
  stream: T
): stream is T & Receiver {
  return 'onData' in stream && typeof stream.onData === 'function'
}

/** The proposal of one protocol, which is also the answer that accepts it: each line with its length and a newline. */
export function proposal(protocol: string): Uint8Array {
  return Buffer.concat([MULTISTREAM, protocol].map(encodeLine))
}

/** Takes the accepting answer off the front of what comes in and then gets out of the way. */
export function stripAnswer(receiver: Receiver, protocol: string): void {
  const expected = proposal(protocol)
  const received = new Uint8ArrayList()
  const onData = receiver.onData.bind(receiver)
  receiver.onData = (data) => {
    received.append(data)
    const length = Math.min(received.byteLength, expected.byteLength)
    if (Buffer.compare(received.subarray(0, length), expected.subarray(0, length)) !== 0) {
      receiver.onData = onData
      receiver.abort(new UnsupportedProtocolError(`the remote does not speak ${protocol}`))
      return
    }
    if (received.byteLength < expected.byteLength) return
    receiver.onData = onData
    const rest = received.sublist(expected.byteLength)
    if (rest.byteLength > 0) onData(rest)
  }
}

/** With its length and a newline. */
export function encodeLine(text: string): Uint8Array {
  const bytes = Buffer.from(`${text}\n`)
  return Buffer.concat([encode(bytes.byteLength), bytes])
}
