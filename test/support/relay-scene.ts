// A relay on loopback, its events to wait for, and stock js-libp2p peers to use it.
import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { circuitRelayTransport } from '@libp2p/circuit-relay-v2'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { identify } from '@libp2p/identify'
import type { Libp2p, PrivateKey } from '@libp2p/interface'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { multiaddr, type Multiaddr } from '@multiformats/multiaddr'
import { createLibp2p, type Libp2pOptions } from 'libp2p'
import type { AccessRules } from '../../relay/access/access.ts'
import type { RelayLimits } from '../../relay/limits.ts'
import type { RelayEvent } from '../../relay/events.ts'
import { startRelay, type Relay, type RelayConfig } from '../../relay/relay.ts'

/** Longer than anything here takes; the tests' own limit comes later and says less. */
const PATIENCE_MS = 10_000

type EventOf<Name extends RelayEvent['event']> = Extract<RelayEvent, { event: Name }>

export interface RelayScene extends AsyncDisposable {
  relay: Relay
  address: Multiaddr
  events: RelayEvent[]
  /** The first such event, past ones included, that has these fields; fails when it does not come. */
  event<Name extends RelayEvent['event']>(
    name: Name,
    fields?: Partial<EventOf<Name>>
  ): Promise<EventOf<Name>>
  /** A stock peer that is stopped with the scene; with a reservation when it listens on the relay. */
  peer(options?: { reserve?: boolean; prepare?: (node: Libp2p) => Promise<void> }): Promise<Libp2p>
  /** A peer that does not know circuits, to speak HOP and STOP by hand. */
  plainPeer(privateKey?: PrivateKey): Promise<Libp2p>
}

interface SceneSettings extends Pick<RelayConfig, 'rooms' | 'reflectPort'> {
  listen?: string[]
  access?: Partial<AccessRules>
}

export async function relayScene(
  limits: Partial<RelayLimits> = {},
  { listen = ['/ip4/127.0.0.1/tcp/0'], rooms, access = {}, reflectPort }: SceneSettings = {}
): Promise<RelayScene> {
  const stack = new AsyncDisposableStack()
  const events: RelayEvent[] = []
  const watchers = new Set<() => void>()
  const relay = await startRelay(
    {
      privateKey: await generateKeyPair('Ed25519'),
      listen,
      announce: [],
      limits,
      rooms,
      access,
      reflectPort
    },
    {
      signal: new AbortController().signal,
      onEvent: (event) => {
        events.push(event)
        for (const look of watchers) look()
      }
    }
  )
  stack.use(relay)
  const address = multiaddr(relay.addresses[0])
  return {
    relay,
    address,
    events,
    event: (name, fields = {}) => eventOf(events, watchers, name, fields),
    peer: async ({ reserve = false, prepare } = {}) => {
      const circuits = reserve ? [`${address.toString()}/p2p-circuit`] : []
      const node = await stockPeer(circuits, [tcp(), circuitRelayTransport()])
      stack.defer(async () => node.stop())
      await prepare?.(node)
      await node.start()
      return node
    },
    plainPeer: async (privateKey) => {
      const node = await stockPeer([], [tcp()], privateKey)
      stack.defer(async () => node.stop())
      await node.start()
      return node
    },
    [Symbol.asyncDispose]: async () => stack.disposeAsync()
  }
}

async function eventOf<Name extends RelayEvent['event']>(
  events: RelayEvent[],
  watchers: Set<() => void>,
  name: Name,
  fields: Partial<EventOf<Name>>
): Promise<EventOf<Name>> {
  const isIt = (event: RelayEvent): event is EventOf<Name> =>
    event.event === name &&
    Object.entries(fields).every(([key, value]) => Reflect.get(event, key) === value)
  const found = Promise.withResolvers<EventOf<Name>>()
  const look = (): void => {
    const event = events.find(isIt)
    if (event !== undefined) found.resolve(event)
  }
  const timer = setTimeout(() => {
    const seen = events.map((event) => JSON.stringify(event)).join('\n')
    found.reject(new Error(`no ${name} with ${JSON.stringify(fields)} among:\n${seen}`))
  }, PATIENCE_MS)
  watchers.add(look)
  look()
  try {
    return await found.promise
  } finally {
    clearTimeout(timer)
    watchers.delete(look)
  }
}

export async function stockPeer(
  listen: string[],
  transports: NonNullable<Libp2pOptions['transports']>,
  privateKey?: PrivateKey
): Promise<Libp2p> {
  return createLibp2p({
    start: false,
    ...(privateKey === undefined ? {} : { privateKey }),
    addresses: { listen },
    transports,
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    services: { identify: identify(), ping: ping() },
    // Circuits all come from the relay's host, which by default may open 5 a second.
    connectionManager: { inboundConnectionThreshold: 100, maxIncomingPendingConnections: 100 },
    connectionGater: { denyDialMultiaddr: () => false }
  })
}

/** The address of a peer through the relay. */
export function throughRelay(scene: RelayScene, target: Libp2p): Multiaddr {
  return scene.address.encapsulate(`/p2p-circuit/p2p/${target.peerId.toString()}`)
}
