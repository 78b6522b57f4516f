// A program on somebody's machine that takes connections, and keeps them without a word or hangs up.
import { once } from 'node:events'
import net from 'node:net'
import { portOf } from './relay-at.ts'

export interface Victim extends AsyncDisposable {
  readonly address: string
  /** Connections so far. */
  readonly knocks: number
  /** Of those still open. */
  readonly open: number
}

export async function victim({ hangsUp = false } = {}): Promise<Victim> {
  let knocks = 0
  const sockets = new Set<net.Socket>()
  const server = net.createServer((socket) => {
    knocks += 1
    sockets.add(socket)
    socket.on('error', () => undefined) // reset: as it is to be
    socket.on('close', () => sockets.delete(socket))
    if (hangsUp) socket.resetAndDestroy()
    else socket.resume()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    address: `/ip4/127.0.0.1/tcp/${portOf(server)}`,
    get knocks() {
      return knocks
    },
    get open() {
      return sockets.size
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    }
  }
}
