// Streams that begin before multistream-select has answered: `newStream(protocol, { optimistic: true })` saves a
// round trip (80 ms through a relay). go-libp2p does the same; a remote that refuses ends the stream on first read.
import type { Stream, StreamMuxer, StreamMuxerFactory } from '@libp2p/interface'
import { UnsupportedProtocolError } from '@libp2p/interface'
import { encode } from 'uint8-varint'
import { Uint8ArrayList } from 'uint8arraylist'

const MULTISTREAM = '/multistream/1.0.0'

/** What a stream of libp2p's muxers has beside its public face: where the muxer puts incoming bytes. */
interface ReceivingStream extends Stream {
  onData(data: Uint8Array | Uint8ArrayList): void
}

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
  muxer.createStream = async (options?: OptimisticOptions) => {
    const stream = await createStream(options)
    const protocol = options?.protocol
    if (options?.optimistic !== true || protocol === undefined || !receives(stream)) return stream
    stream.protocol = protocol
    stripAnswer(stream, protocol)
    stream.send(line(MULTISTREAM, protocol))
    return stream
  }
  return muxer
}

function receives(stream: Stream): stream is ReceivingStream {
  return 'onData' in stream && typeof stream.onData === 'function'
}

/** Takes the two lines of the answer off the front of what comes in, then gets out of the way. */
function stripAnswer(stream: ReceivingStream, protocol: string): void {
  const expected = line(MULTISTREAM, protocol)
  const received = new Uint8ArrayList()
  const onData = stream.onData.bind(stream)
  stream.onData = (data) => {
    received.append(data)
    const length = Math.min(received.byteLength, expected.byteLength)
    if (!sameBytes(received.subarray(0, length), expected.subarray(0, length))) {
      stream.onData = onData
      stream.abort(new UnsupportedProtocolError(`the remote does not speak ${protocol}`))
      return
    }
    if (received.byteLength < expected.byteLength) return
    stream.onData = onData
    const rest = received.sublist(expected.byteLength)
    if (rest.byteLength > 0) onData(rest)
  }
}

/** Multistream-select's own framing: each line with its length before and a newline behind. */
function line(...texts: string[]): Uint8Array {
  return Buffer.concat(
    texts.map((text) => {
      const bytes = Buffer.from(`${text}\n`)
      return Buffer.concat([encode(bytes.byteLength), bytes])
    })
  )
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0
}
