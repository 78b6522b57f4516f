// TCP to a relay's port, and whatever bytes a test likes on it.
import { connect, type Socket } from 'node:net'
import { setInterval as every } from 'node:timers/promises'
import type { Multiaddr } from '@multiformats/multiaddr'
import { tcpEndpoint } from '../../shared/addresses.ts'

/** Resolves when it is connected, or turned away: the relay may be quicker than this side is to learn that it was connected. */
export async function rawSocket(
  address: Multiaddr,
  { from }: { from?: string } = {}
): Promise<Socket> {
  const { host = '', port = 0 } = tcpEndpoint(address) ?? {}
  const local = from === undefined ? {} : { localAddress: from }
  const socket = connect({ host, port, ...local }).on('error', () => {})
  socket.resume()
  const there = Promise.withResolvers<void>()
  socket.on('connect', there.resolve).on('close', there.resolve)
  await there.promise
  return socket
}

/** Resolves when the other side has ended it. */
export async function closed(socket: Socket): Promise<void> {
  if (socket.closed) return
  const gone = Promise.withResolvers<void>()
  socket.on('close', gone.resolve)
  await gone.promise
}

/** Sends these bytes one by one, until the other side has enough of it or there are no more. */
export async function drip(socket: Socket, bytes: Uint8Array, everyMs: number): Promise<void> {
  let sent = 0
  for await (const _ of every(everyMs)) {
    if (sent === bytes.byteLength || socket.destroyed) return
    socket.write(bytes.subarray(sent, ++sent))
  }
}
