// Whether a port is ours alone: SO_REUSEPORT would let two programs share it, and the kernel deal out their connections.
import net from 'node:net'
import type { Multiaddr } from '@multiformats/multiaddr'
import { tcpEndpoint } from '../addresses.ts'
import { UserError } from '../errors.ts'

const NO_IPV6 = new Set(['EAFNOSUPPORT', 'EADDRNOTAVAIL'])

/**
 * Binds and lets go. Throws a UserError unless the port can be had; a machine without IPv6 is no fault of the port's.
 */
export async function assertPortIsFree(address: Multiaddr): Promise<void> {
  const endpoint = tcpEndpoint(address)
  if (endpoint === undefined || endpoint.port === 0) return
  const { host, port, family } = endpoint
  const server = net.createServer()
  const { promise, resolve: free, reject } = Promise.withResolvers<void>()
  server.once('error', (cause: NodeJS.ErrnoException) => {
    if (family === 6 && NO_IPV6.has(cause.code ?? '')) free()
    else reject(new UserError('cannot-listen', cannotListen(address, cause), { cause }))
  })
  server.listen({ host, port, ipv6Only: family === 6, exclusive: true }, () =>
    server.close(() => free())
  )
  await promise
}

function cannotListen(address: Multiaddr, cause: NodeJS.ErrnoException): string {
  if (cause.code === 'EADDRINUSE') {
    return `cannot listen on ${String(address)}: the port is in use (another copy of this program?); choose another one with --listen`
  }
  if (cause.code === 'EACCES') {
    return `cannot listen on ${String(address)}: this user may not use that port; choose one above 1023 with --listen`
  }
  return `cannot listen on ${String(address)}: ${cause.message}; choose another address with --listen`
}
