// HTTP spoken by hand: bytes to a port, and whatever comes back until it closes.
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

const PATIENCE_MS = 15_000

export interface RawClient {
  socket: Socket
  received: () => string
  /** Everything, once the port has closed the connection. */
  closed: Promise<string>
}

export async function rawClient(url: string): Promise<RawClient> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  let text = ''
  socket.setEncoding('latin1').on('data', (piece: string) => (text += piece))
  socket.on('error', () => {})
  await once(socket, 'connect')
  const over = Promise.withResolvers<string>()
  const timer = setTimeout(
    () => over.reject(new Error(`still open after: ${text.slice(0, 200)}`)),
    PATIENCE_MS
  )
  socket.on('close', () => {
    clearTimeout(timer)
    over.resolve(text)
  })
  return { socket, received: () => text, closed: over.promise }
}

/** Sends it and resolves to what came back by the time the port closed the connection. */
export async function rawExchange(url: string, bytes: string | Uint8Array): Promise<string> {
  const client = await rawClient(url)
  client.socket.write(bytes)
  return client.closed
}
