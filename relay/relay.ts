// A relay: one libp2p node that gives out reservations and circuits, and keeps the rooms' registrations.
import { identify, identifyPush } from '@libp2p/identify'
import type { Libp2p, PrivateKey } from '@libp2p/interface'
import { tcp } from '@libp2p/tcp'
import type { Multiaddr } from '@multiformats/multiaddr'
import { answerPings } from '../shared/answer-pings.ts'
import { createNode } from '../shared/node.ts'
import {
  DEFAULT_LIMITS,
  MAX_CONNECTIONS,
  MAX_INBOUND_PER_HOST_PER_SECOND,
  type RelayLimits
} from './circuit/limits.ts'
import { circuitServer, type CircuitServer } from './circuit/server.ts'
import type { RelayEvent, RelayListener } from './events.ts'
import { ipv6Problem, listenError } from './listening.ts'
import { OwnAddresses, type OwnAddressesComponents } from './own-addresses.ts'
import { openRoomStore } from './rendezvous/open-store.ts'
import { startRendezvousServer, type RendezvousServer } from './rendezvous/server.ts'
import { insidesOf } from './status/insides.ts'
import { takeSnapshot, type RelaySnapshot } from './status/snapshot.ts'
import { Tally } from './status/tally.ts'

export interface RelayConfig {
  privateKey: PrivateKey
  /** Multiaddrs; port 0 lets the system choose. An IPv6 one is skipped on a machine without IPv6. */
  listen: string[]
  /** Multiaddrs told to others before the relay's own. */
  announce: string[]
  limits?: Partial<RelayLimits>
  /** URL of the store of rooms that it shares with other relays; absent: its own memory. */
  rooms?: string | undefined
}

export interface Relay extends AsyncDisposable {
  readonly peerId: string
  /** Full, with `/p2p/…`; announced ones first, then public, private, loopback. */
  readonly addresses: string[]
  /** Those of the addresses at which it listens itself. */
  readonly listening: string[]
  /** What is reserved, relayed and refused, at this moment and since the start. */
  snapshot(): RelaySnapshot
  /** Peer ids that neither limits nor snapshots count: those of the relay's own self-check. */
  readonly ownPeers: Set<string>
  /** Returns what ends the subscription. */
  subscribe(listener: RelayListener): () => void
}

export interface RelayOptions {
  /** Stops the relay. */
  signal: AbortSignal
  /** From the first event, `listening`, on. */
  onEvent?: RelayListener
}

/** Resolves once the relay serves. Throws a UserError, one sentence, when it cannot listen. */
export async function startRelay(config: RelayConfig, options: RelayOptions): Promise<Relay> {
  options.signal.throwIfAborted()
  const listeners = new Set<RelayListener>(options.onEvent === undefined ? [] : [options.onEvent])
  const limits = { ...DEFAULT_LIMITS, ...config.limits }
  const tally = new Tally(limits)
  const ownPeers = new Set<string>()
  const emit = (event: RelayEvent): void => {
    tally.note(event, Date.now())
    for (const listener of listeners) listener(event)
  }
  await using starting = new AsyncDisposableStack()
  const assembled = await assemble(config, { limits, ownPeers, onEvent: emit })
  const { node, addresses } = assembled
  starting.defer(async () => node.stop())
  const keeping = { signal: options.signal, onEvent: emit, parts: starting }
  const rendezvous = await serveRooms(node, config.rooms, keeping)
  await listen(node, config, addresses, options)
  const running = starting.move()

  let stopping: Promise<void> | undefined
  const stop = async (): Promise<void> => {
    options.signal.removeEventListener('abort', onAbort)
    await running.disposeAsync().catch((error: unknown) => {
      emit({
        event: 'error',
        code: 'stop-failed',
        message: `the relay did not stop cleanly: ${String(error)}`
      })
    })
    emit({ event: 'stopped' })
  }
  const onAbort = (): void => {
    stopping ??= stop()
  }
  options.signal.addEventListener('abort', onAbort)
  const peerId = node.peerId.toString()
  const insides = insidesOf(node, { addresses, rendezvous, limits, ownPeers })
  emit({ event: 'listening', peerId, addresses: addresses() })
  return {
    peerId,
    get addresses() {
      return addresses()
    },
    get listening() {
      return assembled.listening()
    },
    ownPeers,
    snapshot: () => takeSnapshot(insides, tally, Date.now()),
    subscribe(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    async [Symbol.asyncDispose]() {
      await (stopping ??= stop())
    }
  }
}

/** The rooms, in this relay's memory or in the store that `place` names. */
async function serveRooms(
  node: Libp2p,
  place: string | undefined,
  {
    parts,
    ...options
  }: { signal: AbortSignal; onEvent: RelayListener; parts: AsyncDisposableStack }
): Promise<RendezvousServer> {
  const store = await openRoomStore(place, options)
  if (store !== undefined) parts.use(store)
  const keep = store === undefined ? options : { ...options, store }
  return parts.use(await startRendezvousServer(node, keep))
}

interface Assembled {
  node: Libp2p<{ circuit: CircuitServer }>
  addresses: () => string[]
  listening: () => string[]
}

async function assemble(
  config: RelayConfig,
  {
    limits,
    ownPeers,
    onEvent
  }: { limits: RelayLimits; ownPeers: ReadonlySet<string>; onEvent: RelayListener }
): Promise<Assembled> {
  let own: OwnAddresses | undefined
  const addresses = (): Multiaddr[] => own?.list() ?? []
  const node = await createNode({
    privateKey: config.privateKey,
    listen: config.listen,
    announce: config.announce,
    // No port reuse: with it a second relay on the same port would take half of the first one's connections.
    transports: [tcp()],
    services: {
      identify: identify(),
      identifyPush: identifyPush(),
      ping: answerPings(),
      own: (components: OwnAddressesComponents) => {
        own = new OwnAddresses(components, config.announce)
        return own
      },
      circuit: circuitServer({
        limits,
        onEvent,
        addresses,
        ownPeers
      })
    },
    maxConnections: MAX_CONNECTIONS,
    maxInboundPerHostPerSecond: MAX_INBOUND_PER_HOST_PER_SECOND
  })
  return {
    node,
    addresses: () => addresses().map(String),
    listening: () => (own?.listening() ?? []).map(String)
  }
}

async function listen(
  node: Libp2p,
  config: RelayConfig,
  addresses: () => string[],
  options: { signal: AbortSignal }
): Promise<void> {
  try {
    await node.start()
  } catch (error) {
    throw listenError(error)
  }
  const problem = await ipv6Problem(config.listen, addresses(), options)
  if (problem !== undefined) throw problem
  options.signal.throwIfAborted()
}
