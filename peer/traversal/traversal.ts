// Turns relayed connections into direct ones: starts rounds, answers those of others, one at a time per peer.
import { setMaxListeners } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Connection, Libp2p, Stream } from '@libp2p/interface'
import { multiaddr, type Multiaddr } from '@multiformats/multiaddr'
import { DCUTR_PROTOCOL } from '../../shared/wire/dcutr.ts'
import { ownCandidates, reachableCandidates } from './candidates.ts'
import { directConnection } from './connections.ts'
import { pauseAfter, yieldsTo, type DcutrRole } from './plan.ts'
import {
  punchRound,
  type PunchParts,
  type RoundResult,
  type RoundStart,
  type TransportDial
} from './punch.ts'

export interface TraversalInit extends Omit<PunchParts, 'node'> {
  node: Libp2p
  /** After every round, of either side. */
  onRound: (peer: string, attempt: number, result: RoundResult) => void
}

export interface Traversal extends AsyncDisposable {
  /**
   * Dials, without a punch, those of a peer's addresses that promise to be reachable so. Resolves with what came
   * of it; leaves from an ephemeral port, so that no trace of it lies on the addresses of a later punch.
   */
  dialReachable(
    peer: string,
    offered: readonly Multiaddr[],
    signal: AbortSignal
  ): Promise<Connection | undefined>
}

/** The circuit stays this long beside the direct connection: what is under way on it still arrives. */
export const CIRCUIT_GRACE_MS = 10_000

/** An ordinary dial that takes longer has lost against the punch anyway. */
const REACHABLE_TIMEOUT_MS = 3_000

/** Punches at once, over all peers: each dials up to 12 addresses. */
const MAX_ACTIVE = 16

/** Rounds that one relayed connection may ask of us; three are usual, a clash may cost a few. */
const MAX_ANSWERED = 10

interface ActivePunch {
  role: DcutrRole
  controller: AbortController
}

export async function startTraversal(
  init: TraversalInit,
  options: { signal: AbortSignal }
): Promise<Traversal> {
  const traversal = new RunningTraversal(init, options.signal)
  await traversal.start()
  return traversal
}

class RunningTraversal implements Traversal {
  readonly #init: TraversalInit
  readonly #node: Libp2p
  readonly #stopped = new AbortController()
  readonly #signal: AbortSignal
  readonly #active = new Map<string, ActivePunch>()
  readonly #answered = new WeakMap<Connection, number>()
  readonly #running = new Set<Promise<void>>()

  constructor(init: TraversalInit, signal: AbortSignal) {
    this.#init = init
    this.#node = init.node
    this.#signal = AbortSignal.any([signal, this.#stopped.signal])
    setMaxListeners(0, this.#signal)
  }

  async start(): Promise<void> {
    this.#node.addEventListener('connection:open', this.#opened)
    await this.#node.handle(
      DCUTR_PROTOCOL,
      (stream, connection) => this.#run(this.#answer(stream, connection)),
      { runOnLimitedConnection: true, maxInboundStreams: 2, maxOutboundStreams: 2 }
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#node.removeEventListener('connection:open', this.#opened)
    this.#stopped.abort()
    await this.#node.unhandle(DCUTR_PROTOCOL)
    await Promise.all(this.#running)
  }

  async dialReachable(
    peer: string,
    offered: readonly Multiaddr[],
    signal: AbortSignal
  ): Promise<Connection | undefined> {
    const own = ownCandidates(this.#init.own())
    const candidates = reachableCandidates(offered, own)
    return dialFirst(this.#init.dial, peer, candidates, AbortSignal.any([this.#signal, signal]))
  }

  readonly #opened = ({ detail }: CustomEvent<Connection>): void => {
    if (detail.direct) this.#run(this.#closeCircuits(detail.remotePeer.toString()))
    // The specification's B, who starts, is the one that was dialled.
    else if (detail.direction === 'inbound') this.#run(this.#upgrade(detail))
  }

  #run(work: Promise<void>): void {
    const kept = work
      .catch((error: Error) => {
        if (this.#signal.aborted) return
        this.#node.logger.forComponent('parley:traversal').error('a punch ended early - %e', error)
      })
      .finally(() => this.#running.delete(kept))
    this.#running.add(kept)
  }

  async #upgrade(connection: Connection): Promise<void> {
    const peer = connection.remotePeer.toString()
    for (let attempt = 1; connection.status === 'open'; attempt += 1) {
      if (directConnection(this.#node, peer) !== undefined) return
      const result = await this.#round({ role: 'initiator', connection }, attempt)
      if (result?.outcome === 'direct') return
      const pauseMs = pauseAfter(attempt)
      if (pauseMs === undefined) return
      // Up to half as much again: two sides that clashed part.
      await sleep(pauseMs * (1 + Math.random() / 2), undefined, { signal: this.#signal })
    }
  }

  async #answer(stream: Stream, connection: Connection): Promise<void> {
    const peer = connection.remotePeer.toString()
    const count = (this.#answered.get(connection) ?? 0) + 1
    this.#answered.set(connection, count)
    const current = this.#active.get(peer)
    const weYield = yieldsTo(this.#node.peerId.toString(), peer)
    const refusal = refuse(connection, count, current, weYield)
    if (refusal !== undefined) {
      stream.abort(new Error(refusal))
      return
    }
    current?.controller.abort()
    this.#active.delete(peer)
    const result = await this.#round({ role: 'responder', connection, stream }, count)
    if (result === undefined) stream.abort(new Error('too many punches at once'))
  }

  /** Holds the peer's place for the length of one round; undefined when there was none, or it had to be given up. */
  async #round(start: RoundStart, attempt: number): Promise<RoundResult | undefined> {
    const peer = start.connection.remotePeer.toString()
    if (this.#active.has(peer) || this.#active.size >= MAX_ACTIVE) return undefined
    const place = { role: start.role, controller: new AbortController() }
    this.#active.set(peer, place)
    const yielded = place.controller.signal
    try {
      const result = await punchRound(this.#init, start, AbortSignal.any([this.#signal, yielded]))
      this.#init.onRound(peer, attempt, result)
      return result
    } catch (error) {
      if (yielded.aborted && !this.#signal.aborted) return undefined
      throw error
    } finally {
      if (this.#active.get(peer) === place) this.#active.delete(peer)
    }
  }

  async #closeCircuits(peer: string): Promise<void> {
    await sleep(CIRCUIT_GRACE_MS, undefined, { signal: this.#signal, ref: false })
    if (directConnection(this.#node, peer) === undefined) return
    const circuits = this.#node
      .getConnections()
      .filter((open) => !open.direct && open.remotePeer.toString() === peer)
    await Promise.all(circuits.map(async (circuit) => circuit.close({ signal: this.#signal })))
  }
}

/** Why another side's round is not answered, or undefined. */
function refuse(
  connection: Connection,
  count: number,
  current: ActivePunch | undefined,
  weYield: boolean
): string | undefined {
  if (connection.direct) return 'this connection is direct already'
  if (count > MAX_ANSWERED) return 'too many rounds on one connection'
  if (current === undefined) return undefined
  return current.role === 'initiator' && weYield ? undefined : 'a punch with this peer is under way'
}

/** Dials all at once; the first connection stands, the other dials are called off. */
async function dialFirst(
  dial: TransportDial,
  peer: string,
  candidates: readonly Multiaddr[],
  outer: AbortSignal
): Promise<Connection | undefined> {
  const attempts = candidates.map((candidate) => {
    const controller = new AbortController()
    const timeout = AbortSignal.timeout(REACHABLE_TIMEOUT_MS)
    const signal = AbortSignal.any([outer, controller.signal, timeout])
    const target = multiaddr(`${candidate.toString()}/p2p/${peer}`)
    const won = dial(target, { signal, source: 'ephemeral' }).then((connection) => ({
      controller,
      connection
    }))
    return { controller, won }
  })
  const first = await Promise.any(attempts.map(async ({ won }) => won)).catch(() => undefined)
  for (const { controller } of attempts) {
    if (controller !== first?.controller) controller.abort()
  }
  return first?.connection
}
