// Why a relay cannot listen, in one sentence, and whether an IPv6 address that is not served is anybody's fault.
import { createServer } from 'node:net'
import { networkInterfaces } from 'node:os'
import { multiaddr } from '@multiformats/multiaddr'
import { tcpEndpoint } from '../shared/addresses.ts'
import { UserError } from '../shared/errors.ts'

/** As `os.networkInterfaces()` gives them. */
type Interfaces = Record<string, Array<{ family: string }> | undefined>

/** The rest of the sentence after the address, by what the system says. */
const SENTENCES: Record<string, string> = {
  EADDRINUSE:
    'is in use by another program, perhaps another relay: stop that one, or choose a port with --listen',
  EACCES: 'may not be opened by this user: choose a port above 1023 with --listen',
  EADDRNOTAVAIL:
    'is not on this machine: listen on /ip4/0.0.0.0/tcp/PORT, and tell others the address with --announce'
}

/** What `node.start()` threw, as a UserError when a user can mend it. libp2p puts the system's errors into its text. */
export function listenError(error: unknown): unknown {
  const text = error instanceof Error ? error.message : ''
  const match = /listen (E[A-Z]+): [^\n]*?(\S+):(\d+)\n/.exec(`${text}\n`)
  const [, code = '', host = '', port = ''] = match ?? []
  return cannotListen(code, host, port, error) ?? error
}

function cannotListen(
  code: string,
  host: string,
  port: string,
  cause?: unknown
): UserError | undefined {
  const sentence = SENTENCES[code]
  if (sentence === undefined) return undefined
  return new UserError('cannot-listen', `port ${port} of ${host} ${sentence}`, { cause })
}

/**
 * libp2p takes every failure of IPv6 beside a working IPv4 for a machine without IPv6; a port in use is none.
 * Resolves to the error for an IPv6 address that is not served although it could be.
 */
export async function ipv6Problem(
  listen: readonly string[],
  served: readonly string[],
  { signal, interfaces = networkInterfaces() }: { signal: AbortSignal; interfaces?: Interfaces }
): Promise<UserError | undefined> {
  if (served.some(isIp6) || !hasIp6(interfaces)) return undefined
  for (const address of listen.filter(isIp6)) {
    const { host, port } = tcpEndpoint(multiaddr(address)) ?? { host: '', port: 0 }
    const code = await listenCode(host, port, { signal })
    if (code === 'EADDRINUSE' || code === 'EACCES') return cannotListen(code, host, String(port))
  }
  return undefined
}

const isIp6 = (address: string): boolean => tcpEndpoint(multiaddr(address))?.family === 6

/** Without an IPv6 address, as in a container on a plain Docker network, `::` is served and stands for nothing. */
const hasIp6 = (interfaces: Interfaces): boolean =>
  Object.values(interfaces).some((all) => all?.some(({ family }) => family === 'IPv6'))

async function listenCode(
  host: string,
  port: number,
  { signal }: { signal: AbortSignal }
): Promise<string | undefined> {
  const server = createServer()
  const result = Promise.withResolvers<string | undefined>()
  server.once('error', (error: NodeJS.ErrnoException) => result.resolve(error.code))
  server.listen({ host, port, ipv6Only: true, signal }, () => {
    server.close(() => result.resolve(undefined))
  })
  signal.addEventListener('abort', () => result.resolve(undefined), { once: true })
  return result.promise
}
