// The options of `parley chat`, and their values checked one by one. (pure)
import { isServicePort, tcpEndpoint } from '../../shared/addresses.ts'
import type { CommandSpec, Resolved } from '../../shared/config.ts'
import { UsageError } from '../../shared/errors.ts'
import { harmlessName } from '../../shared/harmless.ts'
import { parseAnnounceAddress, parseListenAddress } from '../../shared/listen-address.ts'
import { parseRelayAddress } from '../../shared/relay-address.ts'
import { checkRoom } from '../../shared/room.ts'
import { SECRET_FILE_OPTION, SECRET_VARIABLE } from '../../shared/secret-option.ts'
import type { PeerConfig } from '../api.ts'
import { MAX_NAME_BYTES } from '../terminal/labels.ts'
import { CHAT_HELP } from './chat-line.ts'
import { IDENTITY_OPTION } from './identity-option.ts'

export const CHAT_COMMAND = {
  command: 'parley chat',
  summary:
    'Talks with everybody in a room: at once over the relay, directly as soon as a path is found, and without the relay from then on.',
  options: {
    room: {
      type: 'string',
      positional: true,
      placeholder: 'ROOM',
      env: 'PARLEY_ROOM',
      default: 'lobby',
      help: 'where to meet, at most 255 bytes'
    },
    relay: {
      type: 'string',
      multiple: true,
      placeholder: 'MULTIADDR',
      env: 'PARLEY_RELAY',
      help: 'the address that parley-relay printed; without its /p2p/… whatever relay answers there'
    },
    name: {
      type: 'string',
      placeholder: 'NAME',
      env: 'PARLEY_NAME',
      help: 'what the others see, at most 64 bytes (default your login name)'
    },
    listen: {
      type: 'string',
      multiple: true,
      placeholder: 'MULTIADDR',
      env: 'PARLEY_LISTEN',
      default: ['/ip4/0.0.0.0/tcp/0', '/ip6/::/tcp/0'],
      help: 'where to listen; a fixed port helps where one is forwarded'
    },
    announce: {
      type: 'string',
      multiple: true,
      placeholder: 'MULTIADDR',
      env: 'PARLEY_ANNOUNCE',
      help: 'where others can reach this host, when it cannot find out by itself'
    },
    'port-mapping': {
      type: 'string',
      placeholder: 'on|off',
      env: 'PARLEY_PORT_MAPPING',
      default: 'on',
      help: 'ask the router, by PCP, NAT-PMP or UPnP, to forward a port here while this runs'
    },
    identity: IDENTITY_OPTION,
    'secret-file': {
      ...SECRET_FILE_OPTION,
      help: `a file with secrets of relays that want one, one a line; ${SECRET_VARIABLE} may hold them instead`
    },
    'relayed-only': {
      type: 'boolean',
      env: 'PARLEY_RELAYED_ONLY',
      help: 'stay on the relay, so that nobody in the room learns your address'
    },
    'report-punches': {
      type: 'boolean',
      env: 'PARLEY_REPORT_PUNCHES',
      help: 'tell the relay how the search for direct paths ends, without names or addresses, for its statistics'
    },
    json: { type: 'boolean', env: 'PARLEY_JSON', help: 'print events as JSON, one a line' },
    verbose: { type: 'boolean', env: 'PARLEY_VERBOSE', help: 'tell how paths are looked for' }
  },
  notes: [
    CHAT_HELP,
    'In variables several values are separated by commas; flags are 1 or 0, and --no-FLAG overrules them.\nFrom a pipe every line is sent, then the program leaves: 0 when everybody got everything, else 1.',
    'A relay that cannot be reached is tried again for as long as the program runs.\nFrom a pipe, lines wait until there is one; once the input has ended, for 30 s at most.',
    'What you say to somebody who is away waits beside the key file, for 30 days at most, and is delivered when both of you are there again: up to 10,000 messages or 8 MiB a person, beyond which it is refused.'
  ]
} as const satisfies CommandSpec

type ChatOptions = (typeof CHAT_COMMAND)['options']

/** What the options alone decide: all of a peer's configuration but its files; the name may still be open. */
export type ChatSettings = Omit<PeerConfig, 'privateKey' | 'name' | 'secrets' | 'stateFile'> & {
  name: string | undefined
}

/** Throws a UsageError for the first value that cannot be right. */
export function chatSettings({ values, givenBy }: Resolved<ChatOptions>): ChatSettings {
  const room = checkRoom(values.room)
  if (values.relay.length === 0) {
    throw new UsageError(
      'no-relay',
      'no relay is given: run "parley-relay" on a host that everybody can reach, and name the address it prints with --relay MULTIADDR or PARLEY_RELAY'
    )
  }
  return {
    room,
    name: checkName(values.name, givenBy.name),
    relays: values.relay.map((text) => parseRelayAddress(text).address.toString()),
    listen: values.listen.map((text) => parseListenAddress(text, givenBy.listen).toString()),
    announce: values.announce.map((text) => announced(text, givenBy.announce)),
    relayedOnly: values['relayed-only'],
    reportPunches: values['report-punches'],
    portMapping: isOn(values['port-mapping'], givenBy['port-mapping'])
  }
}

function announced(text: string, givenBy: string): string {
  const address = parseAnnounceAddress(text, givenBy)
  if (!isServicePort(tcpEndpoint(address)?.port ?? 0)) return address.toString()
  throw new UsageError(
    'own-address',
    `the address "${text.slice(0, 120)}" of ${givenBy} names a port of system services, which no peer dials: forward 80, 443 or one from 1024 on`
  )
}

function isOn(value: string, givenBy: string): boolean {
  if (value === 'on' || value === 'off') return value === 'on'
  throw new UsageError('bad-port-mapping', `${givenBy} is "${value}": it is either on or off`)
}

function checkName(name: string | undefined, givenBy: string): string | undefined {
  if (name === undefined) return undefined
  if (Buffer.byteLength(name) > MAX_NAME_BYTES) {
    throw new UsageError(
      'name-too-long',
      `the name of ${givenBy} is longer than ${MAX_NAME_BYTES} bytes: choose a shorter one`
    )
  }
  const shown = harmlessName(name, MAX_NAME_BYTES)
  if (shown === '') {
    throw new UsageError(
      'name-invisible',
      `the name of ${givenBy} has nothing that can be seen: choose another`
    )
  }
  return shown
}
