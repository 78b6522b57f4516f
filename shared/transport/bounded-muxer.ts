// Yamux that a remote cannot make hold what it never sends the end of, nor answers that it never reads. The library
// collects a frame of 4 GiB as its header says, and answers pings without a look at how many answers still wait.
import type { MessageStream, StreamMuxer, StreamMuxerFactory } from '@libp2p/interface'
import type { Uint8ArrayList } from 'uint8arraylist'
import { isReceiver, MULTISTREAM } from './multistream-answer.ts'
import { guardNegotiation, isPrefixed } from './negotiation-guard.ts'
import { Packing } from './packing.ts'

export interface MuxerBounds {
  /** Of a frame without its header: what the largest window of a stream allows. */
  maxFrameBytes: number
}

/**
 * Answers to pings, window updates and resets that the remote has not taken: data waits in its stream meanwhile. They
 * take 1 MB; in Go it is 10,000 for HTTP/2.
 */
const MAX_UNTAKEN_FRAMES = 4096

const HEADER_BYTES = 12

/** The remote has done what no yamux does by mistake. */
export class MuxerAbuseError extends Error {
  override name = 'MuxerAbuseError'
}

/** Wraps a muxer's factory; one of another kind is left as it is. */
export function boundedMuxer<Components>(
  factory: (components: Components) => StreamMuxerFactory,
  bounds: MuxerBounds
): (components: Components) => StreamMuxerFactory {
  return (components) => {
    const inner = factory(components)
    const createStreamMuxer = inner.createStreamMuxer.bind(inner)
    inner.createStreamMuxer = (connection) => {
      boundUntaken(connection)
      return followOwnStreams(boundFrames(createStreamMuxer(connection), bounds))
    }
    return inner
  }
}

/** A stream that waits for the connection to drain sends nothing, so what is sent meanwhile nobody has asked us for. */
function boundUntaken(connection: MessageStream): void {
  const send = connection.send.bind(connection)
  let untaken = 0
  connection.send = (data) => {
    untaken = connection.writableNeedsDrain ? untaken + 1 : 0
    if (untaken <= MAX_UNTAKEN_FRAMES) return send(data)
    connection.abort(new MuxerAbuseError('the remote asks on and takes no answers'))
    return false
  }
}

function boundFrames(muxer: StreamMuxer, { maxFrameBytes }: MuxerBounds): StreamMuxer {
  if (!isYamux(muxer)) return muxer
  const { buffer } = muxer.decoder
  const packing = new Packing(buffer)
  const onData = muxer.onData.bind(muxer)
  // What it throws ends the muxer and its connection.
  muxer.onData = (data) => {
    onData(data)
    packing.added(data)
    if (buffer.byteLength > HEADER_BYTES + maxFrameBytes) {
      throw new MuxerAbuseError(`a frame of more than ${maxFrameBytes} bytes`)
    }
  }
  return muxer
}

const isAnswered = (line: string): boolean => line !== MULTISTREAM && line !== 'na'

/** What the remote's streams propose is read by inbound-negotiation.ts. */
function followOwnStreams(muxer: StreamMuxer): StreamMuxer {
  const createStream = muxer.createStream.bind(muxer)
  muxer.createStream = async (options) => {
    const stream = await createStream(options)
    // One that has its protocol already knows what it waits for.
    if (stream.protocol === '' && isReceiver(stream)) {
      guardNegotiation(stream, { isAgreed: isAnswered, isPrefixed })
    }
    return stream
  }
  return muxer
}

/** Yamux beside its public face: where the beginning of a frame waits for the rest. */
interface Yamux extends StreamMuxer {
  decoder: { buffer: Uint8ArrayList }
  onData(data: Uint8Array | Uint8ArrayList): void
}

const isYamux = (muxer: StreamMuxer): muxer is Yamux => 'decoder' in muxer && 'onData' in muxer
