// The circuit relay as a service of a libp2p node: takes HOP streams, and keeps the books in step with connections.
import { setMaxListeners } from 'node:events'
import type {
  Connection,
  Libp2pEvents,
  PeerId,
  PrivateKey,
  Startable,
  Stream,
  TypedEventTarget
} from '@libp2p/interface'
import type { ConnectionManager, Registrar } from '@libp2p/interface-internal'
import type { Multiaddr } from '@multiformats/multiaddr'
import { HOP_PROTOCOL } from '../../shared/wire/circuit.ts'
import type { Books } from '../books.ts'
import type { RelayListener } from '../events.ts'
import type { OwnEnds } from '../own-ends.ts'
import type { Why } from '../why.ts'
import type { HopContext, LiveCircuit } from './context.ts'
import { serveHop } from './hop.ts'
import { MAX_HOP_STREAMS } from './limits.ts'
import { PassedBuffers } from './passed-buffers.ts'

export interface CircuitServerComponents {
  privateKey: PrivateKey
  peerId: PeerId
  registrar: Registrar
  connectionManager: ConnectionManager
  events: TypedEventTarget<Libp2pEvents>
}

export interface CircuitServerConfig {
  books: Books
  onEvent: RelayListener
  onOffence: (peer: PeerId) => void
  /** The relay's own, best first, ending in `/p2p/…`. */
  addresses: () => Multiaddr[]
  /** Of the relay's own self-check: served by books of their own, and told to nobody. */
  own: OwnEnds
  /** Monotonic. */
  nowMs?: () => number
}

/** Timers of Node hold 31 bits. */
const MAX_TIMER_MS = 2 ** 31 - 1

/** For the `services` of a node. */
export function circuitServer(
  config: CircuitServerConfig
): (components: CircuitServerComponents) => CircuitServer {
  return (components) => new CircuitServer(components, config)
}

export class CircuitServer implements Startable {
  readonly #components: CircuitServerComponents
  readonly #config: CircuitServerConfig
  readonly #circuits = new Set<LiveCircuit>()
  readonly #nowMs: () => number
  readonly #passed = new PassedBuffers()
  readonly #serving = new Set<Promise<void>>()
  #stopping = new AbortController()
  #expiry: NodeJS.Timeout | undefined
  #expiryDueMs = Infinity

  constructor(components: CircuitServerComponents, config: CircuitServerConfig) {
    this.#components = components
    this.#config = config
    this.#nowMs = config.nowMs ?? (() => performance.now())
  }

  /** Those that are open now, but for the relay's own. */
  get circuits(): ReadonlySet<LiveCircuit> {
    return this.#circuits
  }

  async start(): Promise<void> {
    this.#stopping = new AbortController()
    // One listener for every circuit.
    setMaxListeners(0, this.#stopping.signal)
    this.#components.events.addEventListener('peer:disconnect', this.#onDisconnect)
    await this.#components.registrar.handle(HOP_PROTOCOL, this.#onStream, {
      maxInboundStreams: MAX_HOP_STREAMS,
      // Refused there, with a status.
      runOnLimitedConnection: true
    })
  }

  /** Before the connections are closed, so that circuits end for a reason that their peers are told. */
  async beforeStop(): Promise<void> {
    await this.#components.registrar.unhandle(HOP_PROTOCOL)
    this.#stopping.abort(new Error('the relay is stopping'))
    clearTimeout(this.#expiry)
    this.#expiryDueMs = Infinity
    await Promise.all(this.#serving)
  }

  stop(): void {
    this.#components.events.removeEventListener('peer:disconnect', this.#onDisconnect)
  }

  #onStream = async (stream: Stream, connection: Connection): Promise<void> => {
    const served = serveHop(stream, connection, this.#context(connection.remotePeer))
    this.#serving.add(served)
    await served.finally(() => this.#serving.delete(served))
  }

  #context(remote: PeerId): HopContext {
    const { privateKey, peerId, connectionManager } = this.#components
    const { own: ownEnds, books, onEvent, onOffence, addresses } = this.#config
    const own = ownEnds.peers.has(remote.toString())
    return {
      privateKey,
      peerId,
      books: own ? ownEnds.books(books) : books,
      circuits: own ? new Set() : this.#circuits,
      passed: this.#passed,
      onEvent: own ? () => {} : onEvent,
      nowMs: this.#nowMs,
      clockMs: () => Date.now(),
      addresses,
      connectionsTo: (peer) => connectionManager.getConnections(peer),
      onOffence,
      onReserved: this.#onReserved,
      signal: this.#stopping.signal
    }
  }

  /** Looking for the next goes through all reservations; one that was renewed only lets the timer come too early. */
  #onReserved = (expiresAtMs: number): void => {
    if (expiresAtMs < this.#expiryDueMs) this.#scheduleExpiry()
  }

  #scheduleExpiry(): void {
    clearTimeout(this.#expiry)
    const nextMs = this.#config.books.admission.nextExpiryMs()
    this.#expiryDueMs = nextMs ?? Infinity
    if (nextMs === undefined) return
    const delayMs = Math.min(Math.max(nextMs - this.#nowMs(), 0), MAX_TIMER_MS)
    this.#expiry = setTimeout(this.#expire, delayMs)
  }

  #expire = (): void => {
    for (const peer of this.#config.books.admission.expire(this.#nowMs())) {
      this.#released(peer, {
        reason: 'it ran out without being renewed',
        limit: 'reservation-seconds'
      })
    }
    this.#scheduleExpiry()
  }

  #onDisconnect = ({ detail: peer }: CustomEvent<PeerId>): void => {
    if (this.#config.books.admission.release(peer.toString())) {
      this.#released(peer.toString(), { reason: 'the peer disconnected' })
    }
    this.#config.own.release(peer.toString())
  }

  #released(peer: string, why: Why): void {
    this.#config.onEvent({ event: 'reservation', peer, action: 'released', ...why })
  }
}
