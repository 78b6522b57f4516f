// What a relay is told, its options' values checked one by one. (pure)
import { join } from 'node:path'
import type { Resolved } from '../shared/config.ts'
import { parseAnnounceAddress, parseListenAddress } from '../shared/listen-address.ts'
import { checkRoom } from '../shared/room.ts'
import type { Secret } from '../shared/secrets.ts'
import { stateFolder } from '../shared/state-folder.ts'
import type { AccessRules } from './access/access.ts'
import { parsePeers } from './access/peers.ts'
import { givenLimits, type GivenLimit } from './given-limits.ts'
import { eachLimit, LIMITS, type LimitName, type RelayLimits } from './limits.ts'
import type { Place, RELAY_COMMAND } from './options.ts'
import { parseReflectPort, type ReflectPort } from './reflect/places.ts'
import { parseRooms } from './rendezvous/redis/url.ts'
import { parseEndpoint, type Endpoint } from './status/endpoint.ts'

export interface RelaySettings {
  listen: string[]
  announce: string[]
  identityFile: string
  drainSeconds: number
  limits: RelayLimits
  /** Undefined when it is off. */
  status: Endpoint | undefined
  reflectPort: ReflectPort
  /** Of a shared store; absent: this relay's memory. */
  rooms?: string
  access: AccessRules
  json: boolean
  verbose: boolean
}

/** What is no option's value alone. */
export interface GivenBeside {
  /** By default those of option and variable. */
  limits?: ReadonlyMap<LimitName, GivenLimit>
  secrets?: readonly Secret[]
}

/** Throws a UsageError for the first value that cannot be right. */
export function relaySettings(
  resolved: Resolved<(typeof RELAY_COMMAND)['options']>,
  { env, platform }: Place,
  { limits = givenLimits(resolved, env), secrets = [] }: GivenBeside = {}
): RelaySettings {
  const { values, givenBy } = resolved
  const rooms = parseRooms(values.rooms, givenBy.rooms)
  return {
    listen: values.listen.map((text) => parseListenAddress(text, givenBy.listen).toString()),
    announce: values.announce.map((text) =>
      parseAnnounceAddress(text, givenBy.announce).toString()
    ),
    identityFile: values.identity ?? join(stateFolder(env, platform), 'relay.key'),
    drainSeconds: values.drain,
    limits: eachLimit((name) => limits.get(name)?.value ?? LIMITS[name].default),
    status: parseEndpoint(values.status, givenBy.status),
    reflectPort: parseReflectPort(values['reflect-port'], givenBy['reflect-port']),
    ...(rooms === undefined ? {} : { rooms }),
    access: {
      allow: parsePeers(values.allow, givenBy.allow),
      deny: parsePeers(values.deny, givenBy.deny),
      rooms: values['allow-room'].map((room) => checkRoom(room, givenBy['allow-room'])),
      secrets
    },
    json: values.json,
    verbose: values.verbose
  }
}
