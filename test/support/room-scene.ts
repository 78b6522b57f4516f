// A relay and full peers in one room, on loopback, with everything they tell.
import { generateKeyPair } from '@libp2p/crypto/keys'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { Peer, PeerConfig } from '../../peer/api.ts'
import type { PathKind, PeerEvent } from '../../peer/events.ts'
import { startPeer } from '../../peer/peer.ts'
import { EventLog } from './event-log.ts'
import { relayScene, type RelayScene } from './relay-scene.ts'

type EventOf<Name extends PeerEvent['event']> = Extract<PeerEvent, { event: Name }>

export interface Guest extends AsyncDisposable {
  peer: Peer
  log: EventLog<PeerEvent>
  of: <Name extends PeerEvent['event']>(name: Name) => Array<EventOf<Name>>
  /** What was said to it, in the order of its arrival: `name: text`. */
  heard(): string[]
  /** Resolves when it knows another one by name. */
  knows(name: string): Promise<void>
  /** Resolves when its path to another one is of that kind. */
  path(name: string, kind: PathKind): Promise<void>
  /** Resolves when it has heard so many messages. */
  hears(count: number): Promise<string[]>
}

export async function guest(
  relays: Array<Multiaddr | string>,
  name: string,
  options: Partial<PeerConfig> = {}
): Promise<Guest> {
  const log = new EventLog<PeerEvent>()
  const peer = await startPeer(
    {
      privateKey: await generateKeyPair('Ed25519'),
      name,
      room: 'kitchen',
      relays: relays.map(String),
      listen: ['/ip4/127.0.0.1/tcp/0'],
      announce: [],
      relayedOnly: false,
      ...options
    },
    { signal: new AbortController().signal, onEvent: log.note }
  )
  const of = <Name extends PeerEvent['event']>(wanted: Name): Array<EventOf<Name>> =>
    log.events.filter((event): event is EventOf<Name> => event.event === wanted)
  const heard = (): string[] => of('message').map((message) => `${message.name}: ${message.text}`)
  return {
    peer,
    log,
    of,
    heard,
    knows: async (other) => {
      await log.until(() => of('discovered').find((found) => found.name === other))
    },
    path: async (other, kind) => {
      await log.until(() =>
        peer.members.find((member) => member.name === other && member.path === kind)
      )
    },
    hears: async (count) => log.until(() => heard().length >= count && heard()),
    [Symbol.asyncDispose]: async () => peer[Symbol.asyncDispose]()
  }
}

export interface RoomScene extends AsyncDisposable {
  relay: RelayScene
  /** Joins the room; leaves with the scene. */
  join(name: string, options?: Partial<PeerConfig>): Promise<Guest>
  /** Who is there knows each of the others by name. */
  introductions(...guests: Guest[]): Promise<void>
}

export async function roomScene(): Promise<RoomScene> {
  const stack = new AsyncDisposableStack()
  const relay = stack.use(await relayScene())
  return {
    relay,
    join: async (name, options) => stack.use(await guest([relay.address], name, options)),
    introductions: async (...guests) => {
      await Promise.all(
        guests.flatMap((one) =>
          guests.filter((other) => other !== one).map(async ({ peer }) => one.knows(peer.name))
        )
      )
    },
    [Symbol.asyncDispose]: async () => stack.disposeAsync()
  }
}
