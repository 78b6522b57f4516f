// A small HTTP port: GET and HEAD of a fixed table of paths, with limits on whatever a client may send or hold.
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { UserError } from '../../shared/errors.ts'
import { endpointText, isLoopbackHost, type Endpoint } from './endpoint.ts'
import { HEADERS, pathOf, refusalOf } from './http-rules.ts'

export interface Reply {
  status?: number
  type: string
  body: string | Buffer
}

/** Gets what a path is answered with; whatever it throws becomes a 500 without details. */
export type Resource = () => Reply | Promise<Reply>

export interface HttpPort extends AsyncDisposable {
  /** With the real port. */
  readonly endpoint: Endpoint
}

/** Browsers send some 700 bytes. */
const MAX_HEADER_BYTES = 8192
/** Request line and headers come in one packet; a page asks every two seconds and keeps its connection. */
const HEADERS_TIMEOUT_MS = 5000
const IDLE_TIMEOUT_MS = 10_000
/** How late those timeouts may be. */
const CHECK_INTERVAL_MS = 1000
/** An operator with a few tabs, a Prometheus or two, a health check. */
const MAX_CONNECTIONS = 64
const MAX_REQUESTS_PER_CONNECTION = 1000

/** Resolves when it listens. Throws a UserError, one sentence, when it cannot. */
export async function openHttpPort(
  endpoint: Endpoint,
  resources: ReadonlyMap<string, Resource>,
  { signal }: { signal: AbortSignal }
): Promise<HttpPort> {
  const loopback = isLoopbackHost(endpoint.host)
  const server = createServer({
    maxHeaderSize: MAX_HEADER_BYTES,
    headersTimeout: HEADERS_TIMEOUT_MS,
    requestTimeout: HEADERS_TIMEOUT_MS,
    keepAliveTimeout: IDLE_TIMEOUT_MS,
    connectionsCheckingInterval: CHECK_INTERVAL_MS
  })
  server.maxConnections = MAX_CONNECTIONS
  server.maxRequestsPerSocket = MAX_REQUESTS_PER_CONNECTION
  // A client that does not read its reply, too.
  server.timeout = IDLE_TIMEOUT_MS + HEADERS_TIMEOUT_MS
  server.on('request', (request, response) => {
    void answer(request, response, { resources, loopback })
  })
  server.on('clientError', onClientError)
  await listening(server, endpoint, signal)
  // What fails later concerns one connection.
  server.on('error', () => {})
  return {
    endpoint: { host: endpoint.host, port: portOf(server) },
    [Symbol.asyncDispose]: async () => close(server)
  }
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { resources, loopback }: { resources: ReadonlyMap<string, Resource>; loopback: boolean }
): Promise<void> {
  const refused = refusalOf(request, { loopback })
  if (refused !== undefined) {
    const { status, sentence, headers } = refused
    // Whatever body there is stays unread.
    response.setHeader('connection', 'close')
    send(response, { status, type: 'text/plain', body: `${sentence}\n` }, headers)
    return
  }
  const resource = resources.get(pathOf(request.url))
  if (resource === undefined) {
    send(response, { status: 404, type: 'text/plain', body: 'there is nothing here\n' })
    return
  }
  try {
    send(response, await resource())
  } catch {
    send(response, { status: 500, type: 'text/plain', body: 'this could not be answered\n' })
  }
}

function send(response: ServerResponse, reply: Reply, headers = {}): void {
  if (response.headersSent || response.destroyed) return
  response.writeHead(reply.status ?? 200, {
    ...HEADERS,
    ...headers,
    'content-type': `${reply.type}; charset=utf-8`,
    'content-length': Buffer.byteLength(reply.body)
  })
  response.end(response.req.method === 'HEAD' ? undefined : reply.body)
}

/** Garbage, headers that are too large or too slow: a short answer where one can still be written. */
function onClientError(error: NodeJS.ErrnoException, socket: Duplex): void {
  const status =
    {
      HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
      ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout'
    }[error.code ?? ''] ?? '400 Bad Request'
  if (!socket.writable || error.code === 'ECONNRESET') socket.destroy()
  else
    socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`, () =>
      socket.destroy()
    )
}

async function listening(server: Server, endpoint: Endpoint, signal: AbortSignal): Promise<void> {
  try {
    server.listen({ ...endpoint, exclusive: true })
    await once(server, 'listening', { signal })
  } catch (cause) {
    server.close()
    signal.throwIfAborted()
    throw listenError(cause, endpoint)
  }
}

const WHY: Record<string, string> = {
  EADDRINUSE: 'is in use by another program, perhaps another relay',
  EACCES: 'may not be opened by this user',
  EADDRNOTAVAIL: 'is not on this machine',
  ENOTFOUND: 'is not a name that this machine can resolve'
}

function listenError(cause: unknown, endpoint: Endpoint): unknown {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : ''
  const why = WHY[code]
  if (why === undefined) return cause
  const advice = 'choose another with --status HOST:PORT, or do without with --status off'
  return new UserError(
    'cannot-listen',
    `the status page's ${endpointText(endpoint)} ${why}: ${advice}`,
    { cause }
  )
}

function portOf(server: Server): number {
  const address: AddressInfo | string | null = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

async function close(server: Server): Promise<void> {
  if (!server.listening) return
  const closed = once(server, 'close')
  server.close()
  server.closeAllConnections()
  await closed
}
