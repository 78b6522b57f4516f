// Sockets that hand what is sent within one turn of the program to the system at once. The library writes each piece by
// itself: the length of a Noise frame, the frame and its tag are three calls of the kernel, and those were a fifth of
// the relay's time.
import type { MessageStream } from '@libp2p/interface'
import type { Uint8ArrayList } from 'uint8arraylist'

/** Of Node's net.Socket. */
interface Socket {
  destroyed: boolean
  write(piece: Uint8Array): boolean
  cork(): void
  uncork(): void
}

/** A connection of @libp2p/tcp beside its public face. */
interface SocketConnection {
  socket: Socket
  sendData(data: Uint8ArrayList): { sentBytes: number; canSendMore: boolean }
}

/** Joined by copying; larger ones go as they are, with one call for all of their pieces. */
const JOINED_BYTES = 16 * 1024

/** Once for each connection, before anything is sent over it; one of another kind is left as it is. */
export function gatherWrites(connection: MessageStream): void {
  if (!isSocketConnection(connection)) return
  const { socket } = connection
  let gathering = false
  const flush = (): void => {
    gathering = false
    socket.uncork()
  }
  connection.sendData = (data) => {
    if (!gathering) {
      gathering = true
      socket.cork()
      setImmediate(flush)
    }
    const { byteLength } = data
    if (byteLength <= JOINED_BYTES) {
      return { sentBytes: byteLength, canSendMore: socket.write(data.subarray()) }
    }
    let canSendMore = true
    for (const piece of data) canSendMore = socket.write(piece)
    return { sentBytes: byteLength, canSendMore }
  }
}

function isSocketConnection(
  connection: MessageStream
): connection is MessageStream & SocketConnection {
  return 'socket' in connection && 'sendData' in connection
}
