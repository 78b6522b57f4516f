// What the status port answers before anybody is asked: methods, bodies, names of hosts, and the headers of every reply. (pure)
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http'
import { isLoopbackAuthority } from './endpoint.ts'

/** One request, as far as it is looked at. */
export interface Asked {
  method?: string | undefined
  headers: IncomingHttpHeaders
}

export interface Refused {
  status: number
  sentence: string
  headers?: OutgoingHttpHeaders
}

/** Why a request is not looked at any further. */
export function refusalOf(
  { method, headers }: Asked,
  { loopback }: { loopback: boolean }
): Refused | undefined {
  if (loopback && !isLoopbackAuthority(headers.host)) {
    const sentence =
      'this port is asked as localhost: a proxy in front of it has to send "Host: localhost"'
    return { status: 421, sentence }
  }
  if (method !== 'GET' && method !== 'HEAD') {
    return {
      status: 405,
      sentence: 'only GET and HEAD are answered',
      headers: { allow: 'GET, HEAD' }
    }
  }
  const length = headers['content-length'] ?? '0'
  if (headers['transfer-encoding'] !== undefined || length !== '0') {
    return { status: 413, sentence: 'a request has no body here' }
  }
  return undefined
}

/** Paths are names in a table and never files: there is nothing to climb out of. */
export const pathOf = (url: string | undefined): string => (url ?? '').split('?', 1)[0] ?? ''

/** Own files only, nothing inline, nowhere to send anything, in nobody's frame. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'"
].join('; ')

export const HEADERS: OutgoingHttpHeaders = {
  'content-security-policy': CONTENT_SECURITY_POLICY,
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'cache-control': 'no-store'
}
