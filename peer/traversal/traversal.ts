// Turns relayed connections into direct ones: starts rounds, answers those of others, one at a time per peer.
import { setMaxListeners } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Connection, Libp2p, Stream } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import { DCUTR_PROTOCOL } from '../../shared/wire/dcutr.ts'
import { retire } from '../circuits/retire.ts'
import { ownCandidates, reachableCandidates } from './candidates.ts'
import { directConnection } from './connections.ts'
import { DialBudget } from './dial-budget.ts'
import { MeetingPunches, type Signed } from './meeting-punches.ts'
import { LOST_PAUSE_MS, yieldsTo, type DcutrRole } from './plan.ts'
import { OrdinaryDials } from './ordinary-dials.ts'
import { punchRound, type PunchParts, type RoundResult, type RoundStart } from './punch.ts'
import { RoundBudget } from './round-budget.ts'
import { Upgrades } from './upgrades.ts'

export interface TraversalInit extends Omit<PunchParts, 'node'> {
  node: Libp2p
  /** After every round, of either side; attempt 0 is the punch at the moment of meeting. */
  onRound: (peer: string, attempt: number, result: RoundResult) => void
  /** The connection that carries the conversation with a peer. */
  carrying: (peer: string) => string | undefined
  /** The other side, whose turn it is, has not started a round. */
  onSilence: (peer: string) => void
  /** `SILENCE_MS` by default. */
  silenceMs?: number
  /** Of the clock that counts meetings: monotonic milliseconds. */
  nowMs?: () => number
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
  /** The relay has told that peer of us as it tells us of it now: both punch at once. */
  readonly meet: (signed: Signed) => void
  /** The network has changed: what is relayed is tried at once, whoever dialled. */
  hurry(): void
}

/** Punches at once, over all peers: each dials up to 12 addresses. */
const MAX_ACTIVE = 16

/**
 * Dials of rounds in a minute: five quick rounds with a NAT that answers RST take 425 for each of its addresses.
 * However many peers name one host, it gets no more.
 */
const DIALS = { perHost: 1_024, all: 8_192 }

/** The side that was dialled starts with the circuit, if it has a place. After this long the user is told what may be. */
const SILENCE_MS = 15_000

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
  /** Relayed connection → rounds that the other side has started on it. */
  readonly #heardOf = new WeakMap<Connection, number>()
  /** Of the rounds that others start, and of our own: a network may change every other second. */
  readonly #budget = new RoundBudget()
  readonly #ownBudget = new RoundBudget()
  readonly #dials: OrdinaryDials
  readonly #upgrades: Upgrades
  readonly #meetings: MeetingPunches
  readonly #dialBudget = new DialBudget(DIALS)
  readonly #running = new Set<Promise<void>>()

  constructor(init: TraversalInit, signal: AbortSignal) {
    this.#init = init
    this.#node = init.node
    this.#dials = new OrdinaryDials(init.dial)
    this.#signal = AbortSignal.any([signal, this.#stopped.signal])
    setMaxListeners(0, this.#signal)
    const isDirect = (peer: string): boolean => directConnection(this.#node, peer) !== undefined
    const round = async (connection: Connection, attempt: number) =>
      this.#round({ role: 'initiator', connection }, attempt)
    this.#upgrades = new Upgrades({ isDirect, round }, this.#signal)
    const onMeeting = (peer: string, result: RoundResult): void => {
      if (result.outcome === 'direct') this.#active.get(peer)?.controller.abort()
      init.onRound(peer, 0, result)
    }
    const selfId = init.node.peerId.toString()
    this.#meetings = new MeetingPunches({ ...init, selfId, onMeeting }, this.#signal)
  }

  async start(): Promise<void> {
    this.#node.addEventListener('connection:open', this.#opened)
    this.#node.addEventListener('connection:close', this.#closed)
    await this.#node.handle(
      DCUTR_PROTOCOL,
      (stream, connection) => this.#run(this.#answer(stream, connection)),
      { runOnLimitedConnection: true, maxInboundStreams: 2, maxOutboundStreams: 2 }
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#node.removeEventListener('connection:open', this.#opened)
    this.#node.removeEventListener('connection:close', this.#closed)
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
    const candidates = reachableCandidates(offered, own, { relays: this.#init.relays() })
    return this.#dials.first(peer, candidates, AbortSignal.any([this.#signal, signal]))
  }

  readonly meet = (signed: Signed): void => {
    if (!this.#active.has(signed.peer.toString())) this.#run(this.#meetings.meet(signed))
  }

  hurry(): void {
    this.#upgrades.hurry()
    for (const circuit of this.#node.getConnections()) {
      // The other side, whose turn it is, does not know of our new addresses.
      if (!circuit.direct && circuit.direction === 'outbound')
        this.#run(this.#upgrades.upgrade(circuit, { rounds: 1 }))
    }
  }

  readonly #opened = ({ detail }: CustomEvent<Connection>): void => {
    if (!detail.direct) this.#init.guessing?.prepare()
    const peer = detail.remotePeer.toString()
    const isDirect = directConnection(this.#node, peer) !== undefined
    if (detail.direct || isDirect) this.#run(this.#closeCircuits(peer))
    // The specification's B, who starts, is the one that was dialled.
    else if (detail.direction === 'inbound') this.#run(this.#upgrades.upgrade(detail))
    else this.#run(this.#awaitRound(detail))
  }

  /**
   * A connection has died, direct or not: look for another direct one by the youngest circuit that stands. Older ones
   * may lead to where the other side was before, and end while they are tried.
   */
  readonly #closed = ({ detail }: CustomEvent<Connection>): void => {
    const peer = detail.remotePeer.toString()
    const isBroken = detail.status === 'aborted' || detail.status === 'reset'
    if (detail.direct && isBroken) this.#upgrades.lost(peer, Date.now() - detail.timeline.open)
    if (directConnection(this.#node, peer) !== undefined) return
    const youngest = this.#circuits(peer)
      .filter(({ direction }) => direction === 'inbound')
      .toSorted((one, other) => other.timeline.open - one.timeline.open)[0]
    if (youngest !== undefined)
      this.#run(this.#upgrades.upgrade(youngest, { afterMs: LOST_PAUSE_MS }))
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

  /** We have dialled, so the other side starts. That it never does is a reason as well. */
  async #awaitRound(circuit: Connection): Promise<void> {
    const peer = circuit.remotePeer.toString()
    // A talk that has moved here: the other side goes on where it was, which may be in a long pause.
    if (this.#circuits(peer).some((each) => this.#heardOf.has(each))) this.#heardOf.set(circuit, 0)
    const { silenceMs = SILENCE_MS } = this.#init
    await sleep(silenceMs, undefined, { signal: this.#signal, ref: false })
    const isRelayed = circuit.status === 'open' && directConnection(this.#node, peer) === undefined
    if (isRelayed && !this.#heardOf.has(circuit)) this.#init.onSilence(peer)
  }

  async #answer(stream: Stream, connection: Connection): Promise<void> {
    const peer = connection.remotePeer.toString()
    const current = this.#active.get(peer)
    const weYield = yieldsTo(this.#node.peerId.toString(), peer)
    const hasRounds = this.#budget.take(peer, performance.now())
    const refusal = refuse(connection, { current, weYield, hasRounds })
    if (refusal !== undefined) {
      stream.abort(new Error(refusal))
      return
    }
    current?.controller.abort()
    this.#active.delete(peer)
    const answered = (this.#heardOf.get(connection) ?? 0) + 1
    this.#heardOf.set(connection, answered)
    const result = await this.#round({ role: 'responder', connection, stream }, answered)
    if (result === undefined) stream.abort(new Error('too many punches at once'))
  }

  /** Holds the peer's place for the length of one round; undefined when there was none, or it had to be given up. */
  async #round(start: RoundStart, attempt: number): Promise<RoundResult | undefined> {
    const peer = start.connection.remotePeer.toString()
    if (this.#active.has(peer) || this.#active.size >= MAX_ACTIVE) return undefined
    if (start.role === 'initiator' && !this.#ownBudget.take(peer, performance.now()))
      return undefined
    const place = { role: start.role, controller: new AbortController() }
    this.#active.set(peer, place)
    const yielded = place.controller.signal
    try {
      const result = await punchRound(this.#init, start, {
        signal: AbortSignal.any([this.#signal, yielded]),
        beforeDials: async () => this.#meetings.end(peer),
        mayDial: (candidate) => this.#dialBudget.take(candidate, performance.now())
      })
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
    const retiring = this.#circuits(peer).map(async (circuit) =>
      retire(circuit, {
        isReplaced: () => directConnection(this.#node, peer) !== undefined,
        isCarrying: () => this.#init.carrying(peer) === circuit.id,
        signal: this.#signal
      })
    )
    await Promise.all(retiring)
  }

  #circuits(peer: string): Connection[] {
    return this.#node
      .getConnections()
      .filter(
        (open) => !open.direct && open.status === 'open' && open.remotePeer.toString() === peer
      )
  }
}

/** Why another side's round is not answered, or undefined. */
function refuse(
  connection: Connection,
  {
    current,
    weYield,
    hasRounds
  }: { current: ActivePunch | undefined; weYield: boolean; hasRounds: boolean }
): string | undefined {
  if (connection.direct) return 'this connection is direct already'
  if (!hasRounds) return 'too many rounds in a minute'
  // Who starts another round has ended the one before, however long we would go on with it.
  if (current === undefined || current.role === 'responder' || weYield) return undefined
  return 'a punch with this peer is under way'
}
