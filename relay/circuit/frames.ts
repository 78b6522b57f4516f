// One length-prefixed message read from the front of a stream that then carries something else.
import type { Stream } from '@libp2p/interface'
import { lpStream } from '@libp2p/utils'
import { encodingLength, encodeUint8Array } from 'uint8-varint'
import { CircuitMessageError, decodeCircuitLength } from '../../shared/wire/circuit.ts'

/** Everybody sends a message in one; each costs more than what it carries. */
const MAX_PIECES = 256

/**
 * Reads one message, and leaves the stream paused: what has arrived behind it stays there, in order, and no more than a
 * window of it, until somebody listens and resumes. Throws CircuitMessageError for a length over the limit and for one
 * that comes in hundreds of pieces, else what the stream or the signal says.
 */
export async function readFrame(
  stream: Stream,
  { signal }: { signal: AbortSignal }
): Promise<Uint8Array> {
  const drops = new AbortController()
  let pieces = 0
  const count = (): void => {
    if (++pieces > MAX_PIECES) drops.abort(new CircuitMessageError('a message drop by drop'))
  }
  stream.addEventListener('message', count)
  const frames = lpStream(stream, { lengthDecoder: decodeCircuitLength })
  try {
    const frame = await frames.read({ signal: AbortSignal.any([signal, drops.signal]) })
    return frame.subarray()
  } catch (error) {
    throw drops.signal.aborted ? drops.signal.reason : error
  } finally {
    stream.removeEventListener('message', count)
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
