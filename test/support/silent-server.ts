// A server that completes TCP and says nothing, for ever; and counts who came.
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'

export interface SilentServer extends AsyncDisposable {
  readonly port: number
  /** All that ever came, and those that are here now. */
  readonly came: number
  readonly here: number
  /** From which address each came. */
  readonly hosts: ReadonlySet<string>
}

export async function silentServer(host = '127.0.0.1'): Promise<SilentServer> {
  const sockets = new Set<Socket>()
  const hosts = new Set<string>()
  let came = 0
  const server = createServer((socket) => {
    came += 1
    sockets.add(socket)
    if (socket.remoteAddress !== undefined) hosts.add(socket.remoteAddress)
    socket.on('error', () => undefined)
    socket.once('close', () => sockets.delete(socket))
    socket.resume()
  })
  server.listen(0, host)
  await once(server, 'listening')
  const bound = server.address()
  if (bound === null || typeof bound === 'string') throw new Error('the server has no port')
  return {
    port: bound.port,
    hosts,
    get came() {
      return came
    },
    get here() {
      return sockets.size
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    }
  }
}

/** Nobody listens there any more. */
export async function refusingPort(host: string): Promise<number> {
  await using server = await silentServer(host)
  return server.port
}
