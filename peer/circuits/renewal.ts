// Opens a circuit anew before the relay's limits end it, so that the conversation moves and does not fall.
import type { Connection, Libp2p } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import { backoffMs } from '../../shared/backoff.ts'
import { isRelayed } from '../../shared/addresses.ts'
import { type Allowance, allowance, type Circuit, freshCircuitIsDue } from './due.ts'
import type { CircuitMoves } from './moves.ts'

export interface RenewalInit {
  node: Pick<Libp2p, 'getConnections' | 'addEventListener' | 'removeEventListener'>
  /** Circuits to those who have left may end. */
  isMember: (peer: string) => boolean
  /** Circuit addresses through the relays that may lead to a member, without the destination. */
  circuits: (peer: string) => Multiaddr[]
  moves: CircuitMoves
}

/** The traffic of a circuit tells of itself only when asked: at 10,000 small messages a second, 1 MB apart. */
const LOOK_EVERY_MS = 250

/** However small the limits are, a peer gets no more circuits than this. */
const PACE_MS = 2_000

/** Disposing it ends the looking; what it has begun ends with the moves. */
export function startRenewal(init: RenewalInit): Disposable {
  return new CircuitRenewal(init)
}

interface Known {
  initial: Allowance
  random: number
}

interface Turn {
  failures: number
  /** No other dial before. */
  notBeforeMs: number
}

class CircuitRenewal implements Disposable {
  readonly #init: RenewalInit
  readonly #known = new WeakMap<Connection, Known>()
  /** Peers with circuits that have limits. */
  readonly #turns = new Map<string, Turn>()
  #timer: NodeJS.Timeout | undefined

  constructor(init: RenewalInit) {
    this.#init = init
    init.node.addEventListener('connection:open', this.#opened)
    for (const connection of init.node.getConnections()) this.#meet(connection)
  }

  [Symbol.dispose](): void {
    this.#init.node.removeEventListener('connection:open', this.#opened)
    clearTimeout(this.#timer)
  }

  readonly #opened = ({ detail }: CustomEvent<Connection>): void => this.#meet(detail)

  #meet(connection: Connection): void {
    if (!isRelayed(connection.remoteAddr) || connection.limits === undefined) return
    this.#known.set(connection, { initial: allowance(connection.limits), random: Math.random() })
    const peer = connection.remotePeer.toString()
    if (!this.#turns.has(peer)) this.#turns.set(peer, { failures: 0, notBeforeMs: 0 })
    this.#timer ??= this.#lookLater()
  }

  #lookLater(): NodeJS.Timeout {
    return setTimeout(() => this.#look(), LOOK_EVERY_MS).unref()
  }

  #look(): void {
    const { moves } = this.#init
    for (const [peer, turn] of this.#turns) {
      const open = moves.openTo(peer)
      // Backing off from one that has gone is nothing to remember: `reach` has its own pace.
      if (open.length === 0) this.#turns.delete(peer)
      else if (this.#isDue(peer, turn, open)) moves.run(async () => this.#renew(peer, turn, open))
    }
    this.#timer = this.#turns.size === 0 ? undefined : this.#lookLater()
  }

  #isDue(peer: string, turn: Turn, open: Connection[]): boolean {
    if (performance.now() < turn.notBeforeMs || !this.#init.isMember(peer)) return false
    const relayed = open.filter(({ remoteAddr }) => isRelayed(remoteAddr))
    const circuits = relayed.map((connection) => this.#circuit(connection))
    return freshCircuitIsDue(circuits, relayed.length < open.length)
  }

  #circuit(connection: Connection): Circuit {
    const left = allowance(connection.limits)
    const { initial, random } = this.#known.get(connection) ?? { initial: left, random: 0 }
    return { ours: connection.direction === 'outbound', initial, left, random }
  }

  async #renew(peer: string, turn: Turn, old: Connection[]): Promise<void> {
    const { moves } = this.#init
    turn.notBeforeMs = Infinity
    const fresh = await moves.dial(peer, this.#ways(peer, old))
    turn.failures = fresh === undefined ? turn.failures + 1 : 0
    const pauseMs = fresh === undefined ? backoffMs(turn.failures, Math.random()) : PACE_MS
    turn.notBeforeMs = performance.now() + pauseMs
    if (fresh !== undefined) moves.retire(old, fresh)
  }

  /** Through the relay that the old circuit goes through first. */
  #ways(peer: string, [old]: Connection[]): Multiaddr[] {
    const through = (circuit: Multiaddr): number =>
      old?.remoteAddr.toString().startsWith(circuit.toString()) === true ? 0 : 1
    return this.#init.circuits(peer).toSorted((a, b) => through(a) - through(b))
  }
}
