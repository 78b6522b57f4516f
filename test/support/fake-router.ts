// A router on loopback that answers as a test wants it to: over UDP, and over HTTP.
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { TestContext } from 'node:test'
import { portOf } from './relay-at.ts'

export const ROUTER = '127.0.0.1'

/** Answers every datagram with those that `answer` gives. Resolves with its port. */
export async function udpRouter(
  test: TestContext,
  answer: (asked: Buffer, times: number) => Array<Uint8Array | string>
): Promise<number> {
  const socket = createSocket('udp4')
  let times = 0
  socket.on('message', (asked, from) => {
    times += 1
    for (const bytes of answer(asked, times)) socket.send(bytes, from.port, from.address)
  })
  socket.bind(0, ROUTER)
  await once(socket, 'listening')
  test.after(() => socket.close())
  return socket.address().port
}

/** Resolves with the URL of its root. */
export async function httpRouter(test: TestContext, answer: RequestListener): Promise<URL> {
  const server = createServer(answer).listen(0, ROUTER)
  await once(server, 'listening')
  test.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return new URL(`http://${ROUTER}:${portOf(server)}/`)
}
