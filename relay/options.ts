// The options of `parley-relay` as they are declared, and where its configuration file is. Light to load: the health check
// needs no more of it. (pure)
import { dirname, join } from 'node:path'
import type { CommandSpec } from '../shared/config.ts'
import { SECRET_FILE_OPTION, SECRET_VARIABLE } from '../shared/secret-option.ts'
import { stateFolder } from '../shared/state-folder.ts'
import { LIMIT_OPTION } from './given-limits.ts'
import { DEFAULT_STATUS } from './status/endpoint.ts'

/** Not in use by anything known, and outside the range that systems hand out to clients by themselves. */
export const DEFAULT_PORT = 45678

/** From the port to listen on to the one that reflects; the port between is the status page's. */
export const REFLECT_DISTANCE = 2

/** Docker kills 10 s after it has asked; closing takes one of them. */
const DEFAULT_DRAIN_SECONDS = 8
/** Longer than any circuit that is announced by default. */
const MAX_DRAIN_SECONDS = 86_400

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
    config: {
      type: 'string',
      placeholder: 'FILE',
      env: 'PARLEY_CONFIG',
      inFile: false,
      help: 'the configuration file; read again on SIGHUP (default relay.yaml beside the key, if there is one)'
    },
    init: {
      type: 'boolean',
      inFile: false,
      help: 'write that file, with every setting, its default and its reason, and leave'
    },
    'check-config': {
      type: 'boolean',
      inFile: false,
      help: 'print the settings that are in force and where each comes from, and leave'
    },
    drain: {
      type: 'number',
      placeholder: 'SECONDS',
      env: 'PARLEY_DRAIN',
      default: DEFAULT_DRAIN_SECONDS,
      min: 0,
      max: MAX_DRAIN_SECONDS,
      help: 'how long circuits that run may go on when the relay is told to stop'
    },
    status: {
      type: 'string',
      placeholder: 'HOST:PORT|off',
      env: 'PARLEY_STATUS',
      default: DEFAULT_STATUS,
      help: 'where the status page, /healthz, /readyz and /metrics are; they have no password, so keep it on this host'
    },
    'reflect-port': {
      type: 'string',
      placeholder: 'PORT|beside|off',
      env: 'PARLEY_REFLECT_PORT',
      default: 'beside',
      help: `a second port, to be open to the Internet too, on which peers see what their NATs do; beside: ${REFLECT_DISTANCE} above the one to listen on`
    },
    rooms: {
      type: 'string',
      placeholder: 'URL',
      env: 'PARLEY_ROOMS',
      default: 'memory',
      help: 'where to keep who is in which room: memory, or redis://HOST:PORT/DB (also Valkey; rediss: with TLS) shared by relays whose peers are to find each other'
    },
    allow: {
      type: 'string',
      multiple: true,
      placeholder: 'PEER',
      env: 'PARLEY_ALLOW',
      help: 'peer ids that get in; once a peer or a secret is given, the relay is closed to all others'
    },
    deny: {
      type: 'string',
      multiple: true,
      placeholder: 'PEER',
      env: 'PARLEY_DENY',
      help: 'peer ids that do not get in, whatever they know'
    },
    'allow-room': {
      type: 'string',
      multiple: true,
      placeholder: 'ROOM',
      env: 'PARLEY_ALLOW_ROOM',
      help: 'the only rooms that there may be (default any)'
    },
    'secret-file': {
      ...SECRET_FILE_OPTION,
      help: `a file with secrets, one a line: whoever proves one gets in; ${SECRET_VARIABLE} may hold them instead`
    },
    limit: LIMIT_OPTION,
    json: { type: 'boolean', env: 'PARLEY_JSON', help: 'print events as JSON, one a line' },
    verbose: {
      type: 'boolean',
      env: 'PARLEY_VERBOSE',
      help: 'tell also what is routine, such as renewed reservations'
    }
  },
  notes: [
    'In variables several values are separated by commas; flags are 1 or 0, and --no-FLAG overrules them.\nThe addresses to hand out are printed between two marker lines.',
    'The file has every limit with its reason: connections, reservations, circuits, bandwidth and more.\nSIGHUP reads it and the secrets again. SIGINT and SIGTERM stop the relay once its circuits have ended, a second one at once.'
  ]
} as const satisfies CommandSpec

/** What a default may depend on. */
export interface Place {
  env: Record<string, string | undefined>
  /** As `process.platform`. */
  platform: string
}

/** The file that was named, or the one that is read when it is there. */
export function configFile(
  { config, identity }: { config: string | undefined; identity: string | undefined },
  { env, platform }: Place
): { file: string; named: boolean } {
  if (config !== undefined) return { file: config, named: true }
  const folder = identity === undefined ? stateFolder(env, platform) : dirname(identity)
  return { file: join(folder, 'relay.yaml'), named: false }
}
