// Punches at the moment of meeting: a relay tells two members of each other in one instant, and both dial at once,
// while the circuit is still being opened. When DCUtR comes to its dials, it takes over.
import { setImmediate as turnOfLoop, setTimeout as sleep } from 'node:timers/promises'
import type { PeerId } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import { mayBeNat, ownCandidates } from './candidates.ts'
import { directConnection } from './connections.ts'
import {
  isOutdated,
  MAX_DIALS_PER_CANDIDATE,
  MAX_MEETINGS_AT_ONCE,
  MeetingBudget,
  meetingCandidates,
  meetingRole
} from './meeting-rules.ts'
import { punchRole } from './plan.ts'
import { noticing, reasonFor, ways, type PunchParts, type RoundResult } from './punch.ts'
import { race } from './race.ts'

export interface MeetingPunchesInit extends PunchParts {
  selfId: string
  onMeeting: (peer: string, result: RoundResult) => void
  /** Monotonic milliseconds. */
  nowMs?: (() => number) | undefined
}

/** What a peer has signed. */
export interface Signed {
  peer: PeerId
  addresses: readonly Multiaddr[]
  /** Of the record: Unix milliseconds of its making. */
  sequence: number
}

interface Meeting {
  startedMs: number
  controller: AbortController
  ended: Promise<void>
  progress: Progress
}

interface Progress {
  /** A socket stands, and the handshakes on it are under way. */
  isConnected: boolean
}

/** What is connected has that long for its handshakes before a round over the circuit dials the same addresses. */
const HANDSHAKE_GRACE_MS = 2_000

export class MeetingPunches {
  readonly #init: MeetingPunchesInit
  readonly #signal: AbortSignal
  readonly #nowMs: () => number
  readonly #budget = new MeetingBudget()
  /** By peer: one at a time. */
  readonly #running = new Map<string, Meeting>()

  constructor(init: MeetingPunchesInit, signal: AbortSignal) {
    this.#init = init
    this.#signal = signal
    this.#nowMs = init.nowMs ?? (() => performance.now())
  }

  /** That peer is told of us now, and dials what we have signed. Resolves when the punch is over, or is not to be. */
  async meet({ peer: id, addresses, sequence }: Signed): Promise<void> {
    const peer = id.toString()
    const { node, reuse } = this.#init
    if (!reuse.available || isOutdated(sequence, Date.now())) return
    if (this.#running.has(peer) || this.#running.size >= MAX_MEETINGS_AT_ONCE) return
    if (directConnection(node, peer) !== undefined) return
    if (!this.#budget.take(peer, this.#nowMs())) return
    const startedMs = this.#nowMs()
    const controller = new AbortController()
    const signal = AbortSignal.any([this.#signal, controller.signal])
    const progress = { isConnected: false }
    const ended = this.#punch(peer, addresses, { progress, signal })
      .catch((error: unknown) => {
        if (!signal.aborted) throw error
      })
      .finally(() => this.#running.delete(peer))
    this.#running.set(peer, { startedMs, controller, ended, progress })
    await ended
  }

  /**
   * Calls the punch with that peer off, if there is one. Resolves when its addresses are free to be dialled anew, with
   * how long nobody has answered there, in ms.
   */
  async end(peer: string): Promise<number> {
    const meeting = this.#running.get(peer)
    if (meeting === undefined) return 0
    const { startedMs, controller, ended, progress } = meeting
    if (progress.isConnected) {
      const { signal } = controller
      const late = sleep(HANDSHAKE_GRACE_MS, undefined, { signal, ref: false }).catch(() => {})
      await Promise.race([ended, late])
    }
    controller.abort(new Error('a round over the circuit takes over'))
    await ended
    return progress.isConnected ? 0 : this.#nowMs() - startedMs
  }

  async #punch(
    peer: string,
    offered: readonly Multiaddr[],
    { progress, signal }: { progress: Progress; signal: AbortSignal }
  ): Promise<void> {
    const startedMs = performance.now()
    const parts = this.#init
    const own = parts.own()
    const role = meetingRole(parts.selfId, peer)
    const candidates = meetingCandidates({
      offered,
      own: ownCandidates(own),
      relays: parts.relays()
    }).filter((candidate) => this.#budget.takeDial(candidate, this.#nowMs()))
    if (candidates.length === 0) return
    // From now on its SYN may come.
    const release = parts.punches.add(candidates, punchRole(role))
    const { dial, connected } = ways(parts, role, peer)
    try {
      const raced = await race({
        candidates,
        connected,
        dial: noticing(dial, () => {
          progress.isConnected = true
        }),
        isNat: (candidate) => mayBeNat(candidate, candidates, own.mapped),
        mayRedial: (candidate, dials) =>
          dials < MAX_DIALS_PER_CANDIDATE && this.#budget.takeDial(candidate, this.#nowMs()),
        signal
      })
      const seen = { offered: [...offered], candidates, refused: [] }
      const why = raced.outcome === 'direct' ? {} : { reason: reasonFor(parts, peer, seen, raced) }
      parts.onMeeting(peer, {
        via: 'meeting',
        role,
        candidates: candidates.map(String),
        outcome: raced.outcome,
        ...why,
        ms: Math.round(performance.now() - startedMs)
      })
    } finally {
      release()
      // Sockets that are called off are closed in the turn after.
      await turnOfLoop()
    }
  }
}
