// What the muxers of libp2p have beside their public face, looked for before it is used.
import type { Connection, Stream, StreamMuxer } from '@libp2p/interface'

/** A muxer that is handed each stream of the remote here. */
export interface StreamTaker extends StreamMuxer {
  onRemoteStream(stream: Stream): void
}

export const takesStreams = (muxer: StreamMuxer): muxer is StreamTaker => 'onRemoteStream' in muxer

/** Undefined for a connection of another kind. */
export function muxerOf(connection: Connection): StreamMuxer | undefined {
  const muxer: unknown = Reflect.get(connection, 'muxer')
  return isMuxer(muxer) ? muxer : undefined
}

const isMuxer = (muxer: unknown): muxer is StreamMuxer =>
  typeof muxer === 'object' && muxer !== null
