// What the muxers of libp2p have beside their public face, looked for before it is used.
import type { Stream, StreamMuxer } from '@libp2p/interface'

/** A muxer that is handed each stream of the remote here. */
export interface StreamTaker extends StreamMuxer {
  onRemoteStream(stream: Stream): void
}

export const takesStreams = (muxer: StreamMuxer): muxer is StreamTaker => 'onRemoteStream' in muxer

/** Undefined for a connection of another kind. */
export function muxerOf(connection: object): StreamMuxer | undefined {
  const muxer: unknown = Reflect.get(connection, 'muxer')
  return isMuxer(muxer) ? muxer : undefined
}

/** What carries the frames of its muxer: the encrypted connection. Undefined for a connection of another kind. */
export function carrierOf(connection: object): object | undefined {
  const muxer = muxerOf(connection)
  const carrier: unknown = muxer === undefined ? undefined : Reflect.get(muxer, 'maConn')
  return typeof carrier === 'object' && carrier !== null ? carrier : undefined
}

const isMuxer = (muxer: unknown): muxer is StreamMuxer =>
  typeof muxer === 'object' && muxer !== null
