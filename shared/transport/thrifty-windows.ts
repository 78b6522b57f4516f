// Yamux streams that allow the remote more only when half of the window has been used, as go and rust do. The library
// allows it after every frame: each frame is answered by another, and a window that is opened by drops is filled by
// drops, so that bulk data ends up in frames of some hundred bytes.
import type { Stream, StreamMuxer, StreamMuxerFactory } from '@libp2p/interface'
import { takesStreams } from './muxer-parts.ts'

/** A yamux stream beside its public face. */
interface WindowedStream extends Stream {
  recvWindow: number
  recvWindowCapacity: number
  /** Also answers the opening of a stream, and opens one. */
  sendWindowUpdate(): void
  state: number
}

/** StreamState of the library: neither opening nor answering an opening, and not paused. */
const ESTABLISHED = [1, 3]

/** Wraps a muxer's factory; one of another kind is left as it is. */
export function thriftyWindows<Components>(
  factory: (components: Components) => StreamMuxerFactory
): (components: Components) => StreamMuxerFactory {
  return (components) => {
    const inner = factory(components)
    const createStreamMuxer = inner.createStreamMuxer.bind(inner)
    inner.createStreamMuxer = (connection) => withThrift(createStreamMuxer(connection))
    return inner
  }
}

function withThrift(muxer: StreamMuxer): StreamMuxer {
  const createStream = muxer.createStream.bind(muxer)
  muxer.createStream = async (options) => thrifty(await createStream(options))
  if (takesStreams(muxer)) {
    const onRemoteStream = muxer.onRemoteStream.bind(muxer)
    muxer.onRemoteStream = (stream) => onRemoteStream(thrifty(stream))
  }
  return muxer
}

function thrifty(stream: Stream): Stream {
  if (!isWindowed(stream)) return stream
  const sendWindowUpdate = stream.sendWindowUpdate.bind(stream)
  stream.sendWindowUpdate = () => {
    const plenty = stream.recvWindowCapacity > stream.recvWindow / 2
    if (!plenty || !ESTABLISHED.includes(stream.state)) sendWindowUpdate()
  }
  return stream
}

function isWindowed(stream: Stream): stream is WindowedStream {
  return 'sendWindowUpdate' in stream && 'recvWindowCapacity' in stream
}
