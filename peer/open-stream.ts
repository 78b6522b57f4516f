// How a conversation opens a stream on a connection.
import { openAtOnce } from '../shared/transport/optimistic-streams.ts'
import { CHAT_PROTOCOL } from '../shared/wire/chat.ts'
import type { OpenStream } from './conversation/session.ts'

/**
 * Chat begins without waiting for the other side to agree to it. Plain messages do not: a whole one, its end included,
 * would be there before the remote's handler, and js-libp2p's own way of reading a stream then waits for ever.
 */
export const openStream: OpenStream = async (connection, protocol, { signal }) =>
  protocol === CHAT_PROTOCOL
    ? openAtOnce(connection, protocol, { signal })
    : connection.newStream(protocol, { runOnLimitedConnection: true, signal })
