// Dials every candidate at once and again until one connection stands, whoever's SYN made it.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Connection } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import { asError } from '../../shared/as-error.ts'
import { HANDSHAKES_MS, redialAfterMs, TAKEN, WINDOW_MS } from './plan.ts'

export interface RaceInit {
  candidates: readonly Multiaddr[]
  /** Calls `onConnect` when the socket is connected, before its handshakes. */
  dial: (
    candidate: Multiaddr,
    options: { signal: AbortSignal; onConnect: () => void }
  ) => Promise<Connection>
  /** Resolves with the first direct connection to the peer, dialled or accepted, when `signal` is given up rejects. */
  connected: (signal: AbortSignal) => Promise<Connection>
  /** Whether a NAT may sit at a candidate: it may let us in a moment after it has refused. */
  isNat: (candidate: Multiaddr) => boolean
  /** Asked before a candidate that has failed so many dials is dialled again; no ends it. */
  mayRedial?: (candidate: Multiaddr, dials: number) => boolean
  signal: AbortSignal
  /** From 0 to 1; for tests. */
  random?: () => number
}

export type RaceResult =
  | { outcome: 'direct'; connection: Connection }
  /**
   * `errors`: candidate → the codes or messages of its failed dials, each with its count.
   * `sawRst`: what may be a NAT has answered RST.
   */
  | { outcome: 'failed'; errors: Map<string, Map<string, number>>; sawRst: boolean }

/** Never throws but for the caller's own signal. Dials that lost are aborted, the one that won never is. */
export async function race({
  candidates,
  dial,
  connected,
  isNat,
  mayRedial = () => true,
  signal,
  random = Math.random
}: RaceInit): Promise<RaceResult> {
  const parts = { dial, isNat, mayRedial, random }
  const lanes = candidates.map((candidate) => new Lane(candidate, parts))
  const over = new AbortController()
  const timer = setTimeout(() => void lastOnes(lanes, over), WINDOW_MS)
  try {
    const connection = await connected(AbortSignal.any([signal, over.signal]))
    return { outcome: 'direct', connection }
  } catch {
    signal.throwIfAborted()
    const errors = new Map(lanes.flatMap((lane) => lane.failures))
    return { outcome: 'failed', errors, sawRst: lanes.some((lane) => lane.sawRst) }
  } finally {
    clearTimeout(timer)
    over.abort()
    const callOff = (): void => lanes.forEach((lane) => lane.abort())
    // The winner's dial may be about to return: its lane is over by then, and the abort finds nothing to undo.
    if (signal.aborted) callOff()
    else setImmediate(callOff)
  }
}

/**
 * The window is over, but what is connected may complete its handshakes, whoever's SYN made it. Of a connection that the
 * other side's SYN makes, a lane knows only that its 4-tuple is taken, and looks now and then whether it still is.
 */
async function lastOnes(lanes: readonly Lane[], over: AbortController): Promise<void> {
  for (const lane of lanes) lane.dialNoMore()
  const { signal } = over
  const late = sleep(HANDSHAKES_MS, undefined, { signal }).catch(() => undefined)
  await Promise.race([Promise.all(lanes.map(async ({ ended }) => ended)), late])
  over.abort()
}

type LaneParts = Required<Pick<RaceInit, 'dial' | 'isNat' | 'mayRedial' | 'random'>>

/** One candidate, dialled again and again until its lane is aborted or a dial went through. */
class Lane {
  readonly ended: Promise<void>
  readonly #candidate: Multiaddr
  readonly #isNat: boolean
  readonly #parts: LaneParts
  readonly #stopped = new AbortController()
  readonly #counts = new Map<string, number>()
  #isConnected = false
  #isTaken = false
  #isLast = false

  constructor(candidate: Multiaddr, parts: LaneParts) {
    this.#candidate = candidate
    this.#isNat = parts.isNat(candidate)
    this.#parts = parts
    this.ended = this.#run()
  }

  get failures(): Array<[string, Map<string, number>]> {
    return this.#counts.size === 0 ? [] : [[this.#candidate.toString(), this.#counts]]
  }

  get sawRst(): boolean {
    return this.#isNat && this.#counts.has('ECONNREFUSED')
  }

  abort(): void {
    this.#stopped.abort()
  }

  dialNoMore(): void {
    this.#isLast = true
    if (!this.#isConnected && !this.#isTaken) this.abort()
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopped
    for (let dials = 1; !signal.aborted; dials += 1) {
      const failure = await this.#dial()
      if (failure === undefined || signal.aborted) return
      const code = codeOf(failure)
      const description = code ?? failure.message
      this.#counts.set(description, (this.#counts.get(description) ?? 0) + 1)
      const pauseMs = redialAfterMs({
        errorCode: code,
        dials,
        isNat: this.#isNat,
        random: this.#parts.random()
      })
      this.#isTaken = code === TAKEN
      if (pauseMs === undefined || (this.#isLast && !this.#isTaken)) return
      // What is taken is looked at, and costs no packet.
      if (!this.#isTaken && !this.#parts.mayRedial(this.#candidate, dials)) return
      await sleep(pauseMs, undefined, { signal }).catch(() => undefined) // aborted: the loop ends
    }
  }

  /** Resolves with why it failed. */
  async #dial(): Promise<Error | undefined> {
    this.#isTaken = false
    const attempt = new AbortController()
    const abort = (): void => attempt.abort(this.#stopped.signal.reason)
    this.#stopped.signal.addEventListener('abort', abort, { once: true })
    const onConnect = (): void => {
      this.#isConnected = true
    }
    try {
      await this.#parts.dial(this.#candidate, { signal: attempt.signal, onConnect })
      return undefined
    } catch (error) {
      return asError(error)
    } finally {
      this.#isConnected = false
      this.#stopped.signal.removeEventListener('abort', abort)
    }
  }
}

function codeOf(error: Error): string | undefined {
  return 'code' in error && typeof error.code === 'string' ? error.code : undefined
}
