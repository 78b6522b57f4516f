// Opens a circuit anew before the relay's limits end it, or elsewhere before the relay stops, so that the conversation
// moves and does not fall.
import type { Connection, Libp2p } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import { backoffMs } from '../../shared/backoff.ts'
import { isRelayed } from '../../shared/addresses.ts'
import { deadline } from '../../shared/deadline.ts'
import { Delay } from '../delay.ts'
import { type Allowance, type Circuit, freshCircuitIsDue } from './due.ts'
import { retire } from './retire.ts'
import { relayOf } from './routes.ts'

export interface RenewalInit {
  node: Pick<Libp2p, 'getConnections' | 'addEventListener' | 'removeEventListener'>
  /** Circuits to those who have left may end. */
  isMember: (peer: string) => boolean
  /** Circuit addresses through the relays that may lead to a member, without the destination. */
  circuits: (peer: string) => Multiaddr[]
  dialCircuit: (address: Multiaddr, signal: AbortSignal) => Promise<Connection>
  /** The connection that carries the conversation with a peer. */
  carrying: (peer: string) => string | undefined
}

/** The traffic of a circuit tells of itself only when asked: at 10,000 small messages a second, 1 MB apart. */
const LOOK_EVERY_MS = 250

/** However small the limits are, a peer gets no more circuits than this. */
const PACE_MS = 2_000

const DIAL_TIMEOUT_MS = 10_000

/** Of two who are told of a relay that stops, the one that dialled the circuit dials first. */
const SECOND_DIALLER_MS = 1_000

/** A relay that stops waits for its circuits: those that carry nothing any more are not to keep it. */
const LEAVING_GRACE_MS = 1_000

export interface Renewal extends AsyncDisposable {
  /** That relay stops: members who are reached through it alone are dialled through another one. Returns them. */
  leave(relay: string): string[]
}

export function startRenewal(init: RenewalInit, options: { signal: AbortSignal }): Renewal {
  return new CircuitRenewal(init, options.signal)
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

class CircuitRenewal implements Renewal {
  readonly #init: RenewalInit
  readonly #stopped = new AbortController()
  readonly #signal: AbortSignal
  readonly #known = new WeakMap<Connection, Known>()
  /** Peers with circuits that have limits. */
  readonly #turns = new Map<string, Turn>()
  readonly #running = new Set<Promise<void>>()
  #timer: NodeJS.Timeout | undefined

  constructor(init: RenewalInit, signal: AbortSignal) {
    this.#init = init
    this.#signal = AbortSignal.any([signal, this.#stopped.signal])
    init.node.addEventListener('connection:open', this.#opened)
    for (const connection of init.node.getConnections()) this.#meet(connection)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#init.node.removeEventListener('connection:open', this.#opened)
    this.#stopped.abort(new Error('circuits are no longer renewed'))
    clearTimeout(this.#timer)
    await Promise.all(this.#running)
  }

  leave(relay: string): string[] {
    const ends = this.#init.node.getConnections().map(({ remotePeer }) => remotePeer.toString())
    const left = [...new Set(ends)].filter((peer) => this.#hangingOn(relay, peer).length > 0)
    for (const peer of left) this.#run(this.#replace(peer, relay))
    return left
  }

  readonly #opened = ({ detail }: CustomEvent<Connection>): void => this.#meet(detail)

  #meet(connection: Connection): void {
    if (!isRelayed(connection.remoteAddr) || connection.limits === undefined) return
    this.#known.set(connection, { initial: allowance(connection), random: Math.random() })
    const peer = connection.remotePeer.toString()
    if (!this.#turns.has(peer)) this.#turns.set(peer, { failures: 0, notBeforeMs: 0 })
    this.#timer ??= this.#lookLater()
  }

  #lookLater(): NodeJS.Timeout {
    return setTimeout(() => this.#look(), LOOK_EVERY_MS).unref()
  }

  #look(): void {
    for (const [peer, turn] of this.#turns) {
      const open = this.#openTo(peer)
      // Backing off from one that has gone is nothing to remember: `reach` has its own pace.
      if (open.length === 0) this.#turns.delete(peer)
      else if (this.#isDue(peer, turn, open)) this.#run(this.#renew(peer, turn, open))
    }
    this.#timer = this.#turns.size === 0 || this.#signal.aborted ? undefined : this.#lookLater()
  }

  #isDue(peer: string, turn: Turn, open: Connection[]): boolean {
    if (performance.now() < turn.notBeforeMs || !this.#init.isMember(peer)) return false
    const relayed = open.filter(({ remoteAddr }) => isRelayed(remoteAddr))
    const circuits = relayed.map((connection) => this.#circuit(connection))
    return freshCircuitIsDue(circuits, relayed.length < open.length)
  }

  #circuit(connection: Connection): Circuit {
    const left = allowance(connection)
    const { initial, random } = this.#known.get(connection) ?? { initial: left, random: 0 }
    return { ours: connection.direction === 'outbound', initial, left, random }
  }

  #run(work: Promise<void>): void {
    const kept = work
      .catch(() => undefined) // asked to stop: the only way out of it with an error
      .finally(() => this.#running.delete(kept))
    this.#running.add(kept)
  }

  async #replace(peer: string, relay: string): Promise<void> {
    const ours = this.#hangingOn(relay, peer).some(({ direction }) => direction === 'outbound')
    if (!ours) await new Delay().wait(SECOND_DIALLER_MS, { signal: this.#signal })
    const old = this.#hangingOn(relay, peer)
    if (old.length === 0) return
    const ways = this.#init.circuits(peer).filter((each) => relayOf(each)?.peer !== relay)
    this.#retire(old, await this.#dial(peer, ways), { graceMs: LEAVING_GRACE_MS })
  }

  /** The circuits to a member, if all that there is goes through that relay. */
  #hangingOn(relay: string, peer: string): Connection[] {
    const open = this.#init.isMember(peer) ? this.#openTo(peer) : []
    return open.every(({ remoteAddr }) => relayOf(remoteAddr)?.peer === relay) ? open : []
  }

  async #renew(peer: string, turn: Turn, old: Connection[]): Promise<void> {
    turn.notBeforeMs = Infinity
    const fresh = await this.#dial(peer, this.#ways(peer, old))
    turn.failures = fresh === undefined ? turn.failures + 1 : 0
    const pauseMs = fresh === undefined ? backoffMs(turn.failures, Math.random()) : PACE_MS
    turn.notBeforeMs = performance.now() + pauseMs
    this.#retire(old, fresh)
  }

  /** Those that are ours, once `fresh` carries what they did. */
  #retire(
    old: readonly Connection[],
    fresh: Connection | undefined,
    grace: { graceMs?: number } = {}
  ): void {
    if (fresh === undefined) return
    for (const connection of old) {
      if (connection.direction !== 'outbound') continue
      const peer = connection.remotePeer.toString()
      const options = {
        ...grace,
        isReplaced: () => fresh.status === 'open',
        isCarrying: () => this.#init.carrying(peer) === connection.id,
        signal: this.#signal
      }
      this.#run(retire(connection, options))
    }
  }

  /** Through the relay that the old circuit goes through first. */
  #ways(peer: string, [old]: Connection[]): Multiaddr[] {
    const through = (circuit: Multiaddr): number =>
      old?.remoteAddr.toString().startsWith(circuit.toString()) === true ? 0 : 1
    return this.#init.circuits(peer).toSorted((a, b) => through(a) - through(b))
  }

  async #dial(peer: string, ways: readonly Multiaddr[]): Promise<Connection | undefined> {
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

  #openTo(peer: string): Connection[] {
    return this.#init.node
      .getConnections()
      .filter(({ status, remotePeer }) => status === 'open' && remotePeer.toString() === peer)
  }
}

/** What is left of a circuit now. */
function allowance({ limits }: Connection): Allowance {
  return {
    ...(limits?.seconds === undefined ? {} : { seconds: limits.seconds }),
    ...(limits?.bytes === undefined ? {} : { bytes: Number(limits.bytes) })
  }
}
