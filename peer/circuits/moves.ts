// Moves conversations from one circuit to another: dials the new one, retires the old one when they have left it.
import type { Connection, Libp2p } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import { deadline } from '../../shared/deadline.ts'
import { retire, type RetireOptions } from './retire.ts'

export interface CircuitMovesInit {
  node: Pick<Libp2p, 'getConnections'>
  dialCircuit: (address: Multiaddr, signal: AbortSignal) => Promise<Connection>
  /** The connection that carries the conversation with a peer. */
  carrying: (peer: string) => string | undefined
}

const DIAL_TIMEOUT_MS = 10_000

export class CircuitMoves implements AsyncDisposable {
  readonly #init: CircuitMovesInit
  readonly #stopped = new AbortController()
  readonly #signal: AbortSignal
  readonly #running = new Set<Promise<void>>()

  constructor(init: CircuitMovesInit, options: { signal: AbortSignal }) {
    this.#init = init
    this.#signal = AbortSignal.any([options.signal, this.#stopped.signal])
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped.abort(new Error('conversations are no longer moved'))
    await Promise.all(this.#running)
  }

  /** Work with circuits, until it ends or the moves are disposed. */
  run(work: (signal: AbortSignal) => Promise<void>): void {
    const kept = work(this.#signal)
      .catch(() => undefined) // asked to stop: the only way out of it with an error
      .finally(() => this.#running.delete(kept))
    this.#running.add(kept)
  }

  openTo(peer: string): Connection[] {
    return this.#init.node
      .getConnections()
      .filter(({ status, remotePeer }) => status === 'open' && remotePeer.toString() === peer)
  }

  /** One way after the other; undefined when none leads there. Rejects when the moves are disposed. */
  async dial(peer: string, ways: readonly Multiaddr[]): Promise<Connection | undefined> {
    for (const circuit of ways) {
      using limit = deadline(this.#signal, DIAL_TIMEOUT_MS, 'the circuit was not opened in time')
      try {
        return await this.#init.dialCircuit(circuit.encapsulate(`/p2p/${peer}`), limit.signal)
      } catch {
        this.#signal.throwIfAborted()
      }
    }
    return undefined
  }

  /** Those that are ours, once `fresh` carries what they did. */
  retire(
    old: readonly Connection[],
    fresh: Connection,
    grace: Pick<RetireOptions, 'graceMs'> = {}
  ): void {
    for (const connection of old) {
      if (connection.direction !== 'outbound') continue
      const peer = connection.remotePeer.toString()
      const isReplaced = (): boolean => fresh.status === 'open'
      const isCarrying = (): boolean => this.#init.carrying(peer) === connection.id
      this.run(async (signal) => retire(connection, { ...grace, isReplaced, isCarrying, signal }))
    }
  }
}
