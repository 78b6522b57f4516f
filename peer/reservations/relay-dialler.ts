// The connection to one relay, from the listening port, and what the relay says there of our address.
import type { Connection, IdentifyResult, Libp2p, PeerId } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import { deadline } from '../../shared/deadline.ts'
import { believableMapping } from './mapping.ts'

/** A dial with its handshakes has 10 s of its own; packets get lost. */
const DIAL_TIMEOUT_MS = 20_000

/** As long as the library gives its identify. A relay that has none makes us reachable all the same. */
const IDENTIFY_TIMEOUT_MS = 10_000

/** Keeps the library from pruning the connection when there are too many; without its keep-alive, which redials. */
const RELAY_TAG = 'parley-relay'
const RELAY_TAG_VALUE = 100

interface Introduction {
  observed: Multiaddr | undefined
  protocols: readonly string[]
}

export class RelayDialler implements Disposable {
  readonly #node: Libp2p
  readonly #address: Multiaddr
  /** What a relay said of itself and of us: a connection is identified once, and may outlive a reservation that was refused. */
  readonly #introductions = new WeakMap<Connection, Introduction>()
  #last: Connection | undefined

  /** Without `/p2p/…` whoever answers at the address is taken. */
  constructor(node: Libp2p, address: Multiaddr) {
    this.#node = node
    this.#address = address
    node.addEventListener('peer:identify', this.#identified)
  }

  [Symbol.dispose](): void {
    this.#node.removeEventListener('peer:identify', this.#identified)
  }

  /** The connection that stands, or a new one. A dial that meets its end is called off: another one may follow at once. */
  async connect(signal: AbortSignal): Promise<Connection> {
    const last = this.#last
    if (last?.status === 'open') return last
    using limit = deadline(signal, DIAL_TIMEOUT_MS, 'the relay was not reached: timed out')
    const connection = await this.#node.dial(this.#address, { signal: limit.signal })
    if (last !== undefined && !last.remotePeer.equals(connection.remotePeer)) {
      await this.#tag(last.remotePeer, undefined)
    }
    await this.#tag(connection.remotePeer, { value: RELAY_TAG_VALUE })
    this.#last = connection
    return connection
  }

  /** Our address as the relay sees it; undefined when it does not say, or nothing that can be true. Never rejects. */
  async mapped(connection: Connection, signal: AbortSignal): Promise<Multiaddr | undefined> {
    const said = await this.#introduction(connection, signal)
    // What a relay sees of a circuit is the other relay; of a direct connection it is our NAT's mapping.
    return believableMapping(said?.observed, connection.remoteAddr)
  }

  /** No as well when the relay does not say. Never rejects. */
  async speaks(connection: Connection, protocol: string, signal: AbortSignal): Promise<boolean> {
    const said = await this.#introduction(connection, signal)
    return said?.protocols.includes(protocol) ?? false
  }

  async #introduction(
    connection: Connection,
    signal: AbortSignal
  ): Promise<Introduction | undefined> {
    using limit = deadline(signal, IDENTIFY_TIMEOUT_MS, 'not identified in time')
    const { promise, resolve } = Promise.withResolvers<Introduction | undefined>()
    const look = (): void => {
      const said = this.#introductions.get(connection)
      if (said !== undefined) resolve(said)
    }
    const end = (): void => resolve(undefined)
    this.#node.addEventListener('peer:identify', look)
    connection.addEventListener('close', end)
    limit.signal.addEventListener('abort', end, { once: true })
    look()
    if (limit.signal.aborted || connection.status !== 'open') end()
    try {
      return await promise
    } finally {
      this.#node.removeEventListener('peer:identify', look)
      connection.removeEventListener('close', end)
    }
  }

  readonly #identified = ({ detail }: CustomEvent<IdentifyResult>): void => {
    const { connection, observedAddr, protocols } = detail
    // A push says what has changed, and may say nothing of this.
    const observed = observedAddr ?? this.#introductions.get(connection)?.observed
    this.#introductions.set(connection, { observed, protocols })
  }

  async #tag(peer: PeerId, tag: { value: number } | undefined): Promise<void> {
    await this.#node.peerStore.merge(peer, { tags: { [RELAY_TAG]: tag } })
  }
}
