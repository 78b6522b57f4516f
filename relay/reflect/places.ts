// On which ports beside its own a relay reflects: one for each address that it listens on. (pure)
import { multiaddr } from '@multiformats/multiaddr'
import { tcpEndpoint } from '../../shared/addresses.ts'
import { UsageError } from '../../shared/errors.ts'
import { REFLECT_DISTANCE } from '../options.ts'

/** `beside`: as far from each listening port as REFLECT_DISTANCE says. */
export type ReflectPort = number | 'beside' | 'off'

export interface Place {
  host: string
  /** 0: the system chooses. */
  port: number
}

/** Throws a UsageError that names the option. */
export function parseReflectPort(text: string, givenBy: string): ReflectPort {
  const trimmed = text.trim()
  if (trimmed === 'beside' || trimmed === 'off') return trimmed
  const port = Number(trimmed)
  if (/^\d{1,5}$/.test(trimmed) && port > 0 && port <= 65_535) return port
  throw new UsageError(
    'reflect-port',
    `"${text.slice(0, 120)}" of ${givenBy} is not a port, beside or off`
  )
}

/** One for each host that is listened on; none on a port that the relay itself listens on. */
export function reflectPlaces(listen: readonly string[], reflect: ReflectPort): Place[] {
  if (reflect === 'off') return []
  const endpoints = listen
    .map((address) => tcpEndpoint(multiaddr(address)))
    .filter((endpoint) => endpoint !== undefined)
  const taken = new Set(endpoints.map(({ port }) => port).filter((port) => port !== 0))
  const byHost = new Map(endpoints.map(({ host, port }) => [host, portFor(port, reflect, taken)]))
  return [...byHost].flatMap(([host, port]) => (port === undefined ? [] : [{ host, port }]))
}

function portFor(
  own: number,
  reflect: number | 'beside',
  taken: ReadonlySet<number>
): number | undefined {
  if (reflect !== 'beside') return taken.has(reflect) ? undefined : reflect
  if (own === 0) return 0
  let port = own + REFLECT_DISTANCE
  while (taken.has(port)) port += 1
  return port <= 65_535 ? port : undefined
}
