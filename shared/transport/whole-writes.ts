// Sockets that are handed each message whole. The library writes it piece by piece: the length of a Noise frame, the
// frame and its tag are three calls of the kernel, and those were a fifth of the relay's time.
import type { MessageStream } from '@libp2p/interface'
import type { Uint8ArrayList } from 'uint8arraylist'
import type { SendResult } from './send-result.ts'

/** Of Node's net.Socket. */
interface Socket {
  write(piece: Uint8Array): boolean
  cork(): void
  uncork(): void
}

/** A connection of @libp2p/tcp beside its public face. */
interface SocketConnection {
  socket: Socket
  sendData(data: Uint8ArrayList): SendResult
}

/** Joined by copying; larger ones go as they are, with one call for all of their pieces. */
const JOINED_BYTES = 16 * 1024

/** Once for each connection; one of another kind is left as it is. */
export function writeWhole(connection: MessageStream): void {
  if (!isSocketConnection(connection)) return
  const { socket } = connection
  connection.sendData = (data) => {
    const sentBytes = data.byteLength
    if (sentBytes <= JOINED_BYTES) return { sentBytes, canSendMore: socket.write(data.subarray()) }
    let canSendMore = true
    socket.cork()
    for (const piece of data) canSendMore = socket.write(piece)
    socket.uncork()
    return { sentBytes, canSendMore }
  }
}

/** What is written to its socket within this turn of the loop leaves together; one of another kind is left as it is. */
export function writeTogether(connection: MessageStream): void {
  if (!isSocketConnection(connection)) return
  const { socket } = connection
  socket.cork()
  setImmediate(() => socket.uncork())
}

function isSocketConnection(
  connection: MessageStream
): connection is MessageStream & SocketConnection {
  return 'socket' in connection && 'sendData' in connection
}
