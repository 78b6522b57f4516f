// Sees every stream that a remote opens, before anybody has agreed to a protocol: how often, and how many wait.
import type { Connection, Libp2p, Stream } from '@libp2p/interface'
import { muxerOf } from '../shared/transport/muxer-parts.ts'
import type { Books } from './books.ts'
import type { RelayListener } from './events.ts'
import { hostKey } from './host-key.ts'
import type { OwnEnds } from './own-ends.ts'
import { showOut } from './show-out.ts'

export interface StreamWatchConfig {
  books: Books
  /** Pass without being counted. */
  own: OwnEnds
  onEvent: RelayListener
}

/** Before the node starts. */
export function watchStreams(
  node: Pick<Libp2p, 'addEventListener'>,
  { books, own, onEvent }: StreamWatchConfig
): void {
  const onStream = (stream: Stream, connection: Connection): void => {
    // Its first bytes may have come with the opening of the connection, and ended it.
    const isOver = stream.status !== 'open'
    const peer = connection.remotePeer.toString()
    const host = hostKey(connection.remoteAddr)
    const tooMany = books.tooMany('stream', { peer, host })
    if (tooMany !== undefined) {
      showOut(connection, tooMany, onEvent)
      return
    }
    if (isOver) return
    const full = books.waiting.enter(stream, host)
    if (full === undefined) {
      stream.addEventListener('close', () => books.waiting.settled(stream))
      return
    }
    onEvent({ event: 'stream', peer, host, action: 'refused', ...full })
    stream.abort(new Error(full.reason))
  }
  node.addEventListener('connection:open', ({ detail: connection }) => {
    if (own.peers.has(connection.remotePeer.toString())) return
    muxerOf(connection)?.addEventListener('stream', ({ detail }) => onStream(detail, connection))
  })
}
