// HOST:PORT of the status page, as a person types it, and which names may be used to ask for it. (pure)
import { UsageError } from '../../shared/errors.ts'

/** Beside the relay's own. */
export const DEFAULT_STATUS = '127.0.0.1:45679'

export interface Endpoint {
  /** Without brackets. */
  host: string
  port: number
}

/** Undefined for `off`. Throws a UsageError that names the option. */
export function parseEndpoint(text: string, givenBy: string): Endpoint | undefined {
  const trimmed = text.trim()
  if (trimmed === 'off') return undefined
  const [, bracketed, plain, digits] =
    /^(?:\[([\da-f:.]+)\]|([\w.-]+)):(\d{1,5})$/i.exec(trimmed) ?? []
  const host = bracketed ?? plain
  const port = Number(digits)
  if (host !== undefined && port <= 65_535) return { host, port }
  throw new UsageError(
    'status-address',
    `"${text.slice(0, 120)}" of ${givenBy} is not HOST:PORT or off, for example ${DEFAULT_STATUS} or [::1]:45679`
  )
}

export const endpointText = ({ host, port }: Endpoint): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`

/** Where to ask on this machine: what listens everywhere listens on loopback too. */
export function askable({ host, port }: Endpoint): Endpoint {
  if (host === '0.0.0.0') return { host: '127.0.0.1', port }
  return host === '::' ? { host: '::1', port } : { host, port }
}

export function isLoopbackHost(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(?:\.\d{1,3}){3}$/.test(host)
}

/**
 * Whether a request's `Host` is one that a page on loopback is asked by. Any other name that leads here belongs to a web
 * site which has its visitors' browsers read what is meant for the operator (DNS rebinding). Ports may differ: forwarded.
 */
export function isLoopbackAuthority(authority: string | undefined): boolean {
  const [, bracketed, plain] =
    /^(?:\[([\da-f:.]+)\]|([\w.-]+))(?::\d{1,5})?$/i.exec(authority ?? '') ?? []
  return isLoopbackHost((bracketed ?? plain ?? '').toLowerCase())
}
