// The options of `parley-relay`, and their values checked one by one. (pure)
import { join } from 'node:path'
import type { CommandSpec, Resolved } from '../shared/config.ts'
import { parseAnnounceAddress, parseListenAddress } from '../shared/listen-address.ts'
import { stateFolder } from '../shared/state-folder.ts'
import { DEFAULT_STATUS, parseEndpoint, type Endpoint } from './status/endpoint.ts'
import { parseRooms } from './rendezvous/redis/url.ts'

/** Not in use by anything known, and outside the range that systems hand out to clients by themselves. */
export const DEFAULT_PORT = 45678

export const RELAY_COMMAND = {
  command: 'parley-relay',
  summary:
    'Runs a relay: peers behind NATs meet at it, talk through it at once, and need it no more when they have found a direct path.',
  options: {
    listen: {
      type: 'string',
      multiple: true,
      placeholder: 'MULTIADDR',
      env: 'PARLEY_LISTEN',
      default: [`/ip4/0.0.0.0/tcp/${DEFAULT_PORT}`, `/ip6/::/tcp/${DEFAULT_PORT}`],
      help: 'where to listen; the port has to be open to the Internet'
    },
    announce: {
      type: 'string',
      multiple: true,
      placeholder: 'MULTIADDR',
      env: 'PARLEY_ANNOUNCE',
      help: 'where peers reach this host when its interfaces do not tell: behind a forwarded port, or by name'
    },
    identity: {
      type: 'string',
      placeholder: 'FILE',
      env: 'PARLEY_IDENTITY',
      help: 'the file with the private key, made when missing (default relay.key in PARLEY_HOME)'
    },
    status: {
      type: 'string',
      placeholder: 'HOST:PORT|off',
      env: 'PARLEY_STATUS',
      default: DEFAULT_STATUS,
      help: 'where the status page, /healthz, /readyz and /metrics are; they have no password, so keep it on this host'
    },
    rooms: {
      type: 'string',
      placeholder: 'URL',
      env: 'PARLEY_ROOMS',
      default: 'memory',
      help: 'where to keep who is in which room: memory, or redis://HOST:PORT/DB (also Valkey; rediss: with TLS) shared by relays whose peers are to find each other'
    },
    json: { type: 'boolean', env: 'PARLEY_JSON', help: 'print events as JSON, one a line' },
    verbose: {
      type: 'boolean',
      env: 'PARLEY_VERBOSE',
      help: 'tell also what is routine, such as renewed reservations'
    }
  },
  notes: [
    'In variables several values are separated by commas; flags are 1 or 0, and --no-FLAG overrules them.\nThe addresses to hand out are printed between two marker lines. SIGINT and SIGTERM stop the relay.'
  ]
} as const satisfies CommandSpec

export interface RelaySettings {
  listen: string[]
  announce: string[]
  identityFile: string
  /** Undefined when it is off. */
  status: Endpoint | undefined
  /** Of a shared store; absent: this relay's memory. */
  rooms?: string
  json: boolean
  verbose: boolean
}

/** Throws a UsageError for the first value that cannot be right. */
export function relaySettings(
  { values, givenBy }: Resolved<(typeof RELAY_COMMAND)['options']>,
  { env, platform }: { env: Record<string, string | undefined>; platform: string }
): RelaySettings {
  const rooms = parseRooms(values.rooms, givenBy.rooms)
  return {
    listen: values.listen.map((text) => parseListenAddress(text, givenBy.listen).toString()),
    announce: values.announce.map((text) =>
      parseAnnounceAddress(text, givenBy.announce).toString()
    ),
    identityFile: values.identity ?? join(stateFolder(env, platform), 'relay.key'),
    status: parseEndpoint(values.status, givenBy.status),
    ...(rooms === undefined ? {} : { rooms }),
    json: values.json,
    verbose: values.verbose
  }
}
