// Sees to it that there is a connection to each member of the room: dials, waits, dials again.
import type { Connection, Libp2p } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import { backoffMs } from '../shared/backoff.ts'
import { isRelayed } from '../shared/addresses.ts'
import { Delay } from './delay.ts'
import { Flapping } from './flapping.ts'
import { isConnected, nextDirect } from './traversal/connections.ts'
import { RoundBudget } from './traversal/round-budget.ts'

export interface ReachInit {
  node: Pick<Libp2p, 'getConnections' | 'addEventListener' | 'removeEventListener'>
  isMember: (peer: string) => boolean
  /** What the member registered. */
  addresses: (peer: string) => Multiaddr[]
  /** Circuit addresses through the relays that may lead to a member, the likeliest first, without the destination. */
  circuits: (peer: string) => Multiaddr[]
  dialCircuit: (address: Multiaddr, signal: AbortSignal) => Promise<Connection>
  /** Ordinary dials to addresses that need no punch; undefined when we are to stay relayed. */
  dialReachable?: (peer: string, offered: Multiaddr[], signal: AbortSignal) => Promise<unknown>
}

export interface Reach extends AsyncDisposable {
  /** Begins to reach a member, or hurries up. `afterMs`: the other side is about to dial us, give it so long. */
  reach(peer: string, options?: { afterMs?: number }): void
}

/** A circuit is three exchanges over two relayed hops; a lost packet or two must fit in. */
const CIRCUIT_TIMEOUT_MS = 10_000

/**
 * What answers at once needs no circuit. And the first circuit of a program takes it some 5 ms at either end, for which a
 * punch that connects in that moment would wait.
 */
const DIRECT_HEAD_START_MS = 20

/** Addresses that have not answered by then are none to knock at for ever. */
const MAX_DIRECT_TRIES = 4

/** After a connection was lost, both sides notice; the one with the smaller peer id dials first. */
const SECOND_DIALLER_MS = 1_000

export function startReach(
  init: ReachInit,
  options: { selfId: string; signal: AbortSignal }
): Reach {
  return new RunningReach(init, options.selfId, options.signal)
}

interface Attempt {
  delay: Delay
  ended: Promise<void>
}

class RunningReach implements Reach {
  readonly #init: ReachInit
  readonly #selfId: string
  readonly #stopped = new AbortController()
  readonly #signal: AbortSignal
  readonly #flapping = new Flapping()
  /** Whoever registers may name anybody's addresses: what they make us dial is counted, whatever becomes of it. */
  readonly #direct = new RoundBudget()
  /** Peer → its running attempt. One each; it ends when there is a connection or the member is gone. */
  readonly #running = new Map<string, Attempt>()

  constructor(init: ReachInit, selfId: string, signal: AbortSignal) {
    this.#init = init
    this.#selfId = selfId
    this.#signal = AbortSignal.any([signal, this.#stopped.signal])
    init.node.addEventListener('connection:close', this.#closed)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#init.node.removeEventListener('connection:close', this.#closed)
    this.#stopped.abort()
    await Promise.all([...this.#running.values()].map(async ({ ended }) => ended))
  }

  reach(peer: string, { afterMs = 0 } = {}): void {
    if (this.#signal.aborted) return
    const waitMs = Math.max(afterMs, this.#flapping.pauseMs(peer, performance.now()))
    const running = this.#running.get(peer)
    if (running !== undefined) {
      running.delay.atMost(waitMs)
      return
    }
    const delay = new Delay()
    const ended = this.#attempt(peer, waitMs, delay)
      .catch(() => undefined) // aborted: the only way out of it with an error
      .finally(() => {
        this.#running.delete(peer)
        // Connected and disconnected while the attempt was ending: nobody else would notice.
        if (this.#isMissing(peer)) this.reach(peer, { afterMs: SECOND_DIALLER_MS })
      })
    this.#running.set(peer, { delay, ended })
  }

  readonly #closed = ({ detail }: CustomEvent<Connection>): void => {
    const peer = detail.remotePeer.toString()
    if (isConnected(this.#init.node, peer)) return
    const livedMs = Date.now() - detail.timeline.open
    this.#flapping.lost(peer, livedMs, performance.now(), Math.random())
    if (!this.#isMissing(peer)) return
    this.reach(peer, { afterMs: this.#selfId < peer ? 0 : SECOND_DIALLER_MS })
  }

  async #attempt(peer: string, afterMs: number, delay: Delay): Promise<void> {
    const signal = this.#signal
    await delay.wait(afterMs, { signal })
    for (let failures = 1; this.#isMissing(peer); failures += 1) {
      const mayDirectly = failures <= MAX_DIRECT_TRIES
      const directly = mayDirectly && this.#direct.take(peer, performance.now())
      await this.#dial(peer, { directly })
      signal.throwIfAborted()
      if (this.#isMissing(peer)) await delay.wait(backoffMs(failures, Math.random()), { signal })
    }
  }

  /** Both kinds of dial nearly at once: the circuit must not wait for a direct dial that may never be answered. */
  async #dial(peer: string, { directly }: { directly: boolean }): Promise<void> {
    const { addresses, dialReachable } = this.#init
    if (!directly || dialReachable === undefined) return this.#dialCircuits(peer)
    const offered = addresses(peer).filter((address) => !isRelayed(address))
    const circuits = async (): Promise<void> => {
      await new Delay().wait(DIRECT_HEAD_START_MS, { signal: this.#signal })
      await this.#dialCircuits(peer)
    }
    await Promise.allSettled([dialReachable(peer, offered, this.#signal), circuits()])
  }

  /** Until one opens, or a direct connection does. */
  async #dialCircuits(peer: string): Promise<void> {
    const over = new AbortController()
    const needed = AbortSignal.any([this.#signal, over.signal])
    const direct = nextDirect(this.#init.node, peer, needed)
    direct.then(() => over.abort()).catch(() => undefined) // a circuit opened, or none did
    for (const circuit of this.#init.circuits(peer)) {
      if (!this.#isMissing(peer)) break
      const signal = AbortSignal.any([needed, AbortSignal.timeout(CIRCUIT_TIMEOUT_MS)])
      const dialled = this.#init.dialCircuit(circuit.encapsulate(`/p2p/${peer}`), signal)
      if (await dialled.then(() => true).catch(() => false)) break
    }
    over.abort()
  }

  #isMissing(peer: string): boolean {
    return this.#init.isMember(peer) && !isConnected(this.#init.node, peer)
  }
}
