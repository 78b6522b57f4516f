// One HTTP exchange with a router, which may be broken or up to something: no redirects, no more than a page of text,
// no longer than a moment.
import { request, type IncomingMessage } from 'node:http'
import { deadline } from '../../shared/deadline.ts'
import { GatewayError } from './gateway.ts'

/** Descriptions of routers have 2 to 10 kB. */
const MAX_BODY_BYTES = 64 * 1024

/** A router's web server is slow, and on this network. */
const ANSWER_TIMEOUT_MS = 3_000

export interface HttpRequest {
  url: URL
  /** The address to ask from. */
  localHost: string
  headers?: Record<string, string>
  /** Absent: a GET. */
  body?: string
}

/** Any status. Throws GatewayError, or the signal's reason. */
export async function exchangeOverHttp(
  { url, localHost, headers = {}, body }: HttpRequest,
  outer: AbortSignal
): Promise<{ status: number; text: string }> {
  using limit = deadline(outer, ANSWER_TIMEOUT_MS, 'no answer in time')
  const { signal } = limit
  const method = body === undefined ? 'GET' : 'POST'
  const length = body === undefined ? {} : { 'Content-Length': Buffer.byteLength(body) }
  const sent = request(url, {
    method,
    headers: { ...headers, ...length, Connection: 'close' },
    localAddress: localHost,
    agent: false,
    signal
  })
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  sent.on('response', resolve)
  sent.on('error', reject)
  try {
    sent.end(body)
    const response = await promise
    return { status: response.statusCode ?? 0, text: await read(response) }
  } catch (cause) {
    outer.throwIfAborted()
    if (cause instanceof GatewayError) throw cause
    throw new GatewayError('does not answer over HTTP', { cause })
  } finally {
    sent.destroy()
  }
}

async function read(response: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = []
  let bytes = 0
  for await (const piece of response as AsyncIterable<Buffer>) {
    bytes += piece.length
    if (bytes > MAX_BODY_BYTES) throw new GatewayError('answers with more than it has to say')
    pieces.push(piece)
  }
  return Buffer.concat(pieces).toString()
}
