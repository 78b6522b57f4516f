// One length-prefixed message read from the front of a stream that then carries something else.
import type { Stream } from '@libp2p/interface'
import { lpStream } from '@libp2p/utils'
import { encodingLength, encodeUint8Array } from 'uint8-varint'
import { decodeCircuitLength } from '../../shared/wire/circuit.ts'

/**
 * Reads one message, and leaves the stream paused: what has arrived behind it stays there, in order, and no more than a
 * window of it, until somebody listens and resumes. Throws CircuitMessageError for a length over the limit, else what
 * the stream or the signal says.
 */
export async function readFrame(
  stream: Stream,
  options: { signal: AbortSignal }
): Promise<Uint8Array> {
  const frames = lpStream(stream, { lengthDecoder: decodeCircuitLength })
  try {
    const frame = await frames.read(options)
    return frame.subarray()
  } finally {
    if (stream.status === 'open' || stream.status === 'closing') frames.unwrap()
    if (stream.readStatus === 'readable') stream.pause()
  }
}

/** Queues one message behind what is queued already. Throws when the stream is closed for writing. */
export function sendFrame(stream: Stream, message: Uint8Array): void {
  const prefixLength = encodingLength(message.byteLength)
  const frame = new Uint8Array(prefixLength + message.byteLength)
  encodeUint8Array(message.byteLength, frame)
  frame.set(message, prefixLength)
  stream.send(frame)
}
