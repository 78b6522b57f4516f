// Streams that begin before multistream-select has answered: `newStream(protocol, { optimistic: true })` saves a
// round trip (80 ms through a relay). A remote that refuses the protocol ends the stream at the first read.
import { UnsupportedProtocolError } from '@libp2p/interface'
import type { Connection, Stream, StreamMuxer, StreamMuxerFactory } from '@libp2p/interface'
import { isReceiver, proposal, stripAnswer } from './multistream-answer.ts'

interface OptimisticOptions {
  protocol?: string
  optimistic?: boolean
}

/** Wraps a muxer's factory; streams without the option are negotiated as ever. */
export function optimisticStreams<Components>(
  factory: (components: Components) => StreamMuxerFactory
): (components: Components) => StreamMuxerFactory {
  return (components) => {
    const inner = factory(components)
    const createStreamMuxer = inner.createStreamMuxer.bind(inner)
    inner.createStreamMuxer = (connection) => withOptimism(createStreamMuxer(connection))
    return inner
  }
}

function withOptimism(muxer: StreamMuxer): StreamMuxer {
  const createStream = muxer.createStream.bind(muxer)
  muxer.createStream = async (options?: OptimisticOptions): Promise<Stream> => {
    const stream = await createStream(options)
    const protocol = options?.protocol
    if (options?.optimistic !== true || protocol === undefined || !isReceiver(stream)) return stream
    stream.protocol = protocol
    stripAnswer(stream, protocol)
    stream.send(proposal(protocol))
    return stream
  }
  return muxer
}

/** Also for dials through a relay: `@libp2p/circuit-relay-v2` opens its HOP stream with the options of the dial. */
export const AT_ONCE = { runOnLimitedConnection: true, optimistic: true }

/** Opens a stream of one protocol, over a relay too, and does not wait for the other side to agree to it. */
export async function openAtOnce(
  connection: Pick<Connection, 'newStream'>,
  protocol: string,
  options: { signal: AbortSignal; maxOutboundStreams?: number }
): Promise<Stream> {
  const stream = await connection.newStream([protocol], { ...options, ...AT_ONCE })
  // The refusal may be back already: whoever reads now would see no more than a stream that has ended.
  if (stream.status === 'aborted') {
    throw new UnsupportedProtocolError(`the remote does not speak ${protocol}`)
  }
  return stream
}
