// Dials every candidate at once and again until one connection stands, whoever's SYN made it.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Connection } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import { isPublicAddress } from '../../shared/addresses.ts'
import { redialAfterMs, WINDOW_MS } from './plan.ts'

export interface RaceInit {
  candidates: readonly Multiaddr[]
  dial: (candidate: Multiaddr, signal: AbortSignal) => Promise<Connection>
  /** Resolves with the first direct connection to the peer, dialled or accepted, when `signal` is given up rejects. */
  connected: (signal: AbortSignal) => Promise<Connection>
  /** Asked before a candidate that has failed so many dials is dialled again; no ends it. */
  mayRedial?: (candidate: Multiaddr, dials: number) => boolean
  signal: AbortSignal
  /** From 0 to 1; for tests. */
  random?: () => number
}

export type RaceResult =
  | { outcome: 'direct'; connection: Connection }
  /** `errors`: candidate → the codes or messages of its failed dials, each with its count. */
  | { outcome: 'failed'; errors: Map<string, Map<string, number>> }

/** Never throws but for the caller's own signal. Dials that lost are aborted, the one that won never is. */
export async function race({
  candidates,
  dial,
  connected,
  mayRedial = () => true,
  signal,
  random = Math.random
}: RaceInit): Promise<RaceResult> {
  const windowEnd = new AbortController()
  const timer = setTimeout(() => windowEnd.abort(), WINDOW_MS)
  const stop = AbortSignal.any([signal, windowEnd.signal])
  const errors = new Map<string, Map<string, number>>()
  const lanes = candidates.map((candidate) =>
    startLane(candidate, { dial, mayRedial, errors, random })
  )
  try {
    const connection = await connected(stop)
    return { outcome: 'direct', connection }
  } catch {
    signal.throwIfAborted()
    return { outcome: 'failed', errors }
  } finally {
    clearTimeout(timer)
    const callOff = (): void => lanes.forEach((lane) => lane.abort())
    // The winner's dial may be about to return: its lane is over by then, and the abort finds nothing to undo.
    if (signal.aborted) callOff()
    else setImmediate(callOff)
  }
}

interface LaneParts {
  dial: RaceInit['dial']
  mayRedial: NonNullable<RaceInit['mayRedial']>
  errors: Map<string, Map<string, number>>
  random: () => number
}

/** One candidate, dialled again and again until its lane is aborted or a dial went through. */
function startLane(candidate: Multiaddr, parts: LaneParts): AbortController {
  const lane = new AbortController()
  void runLane(candidate, parts, lane.signal)
  return lane
}

async function runLane(
  candidate: Multiaddr,
  { dial, mayRedial, errors, random }: LaneParts,
  signal: AbortSignal
): Promise<void> {
  const startedMs = performance.now()
  const isPublic = isPublicAddress(candidate)
  for (let dials = 1; !signal.aborted; dials += 1) {
    const attempt = new AbortController()
    const abort = (): void => attempt.abort(signal.reason)
    signal.addEventListener('abort', abort, { once: true })
    try {
      await dial(candidate, attempt.signal)
      return
    } catch (error) {
      if (signal.aborted) return
      count(errors, candidate.toString(), describe(error))
      const ageMs = performance.now() - startedMs
      const pauseMs = redialAfterMs(codeOf(error), ageMs, isPublic, random())
      if (pauseMs === undefined || !mayRedial(candidate, dials)) return
      await sleep(pauseMs, undefined, { signal }).catch(() => undefined) // aborted: the loop ends
    } finally {
      signal.removeEventListener('abort', abort)
    }
  }
}

function count(errors: Map<string, Map<string, number>>, candidate: string, failure: string): void {
  const counts = errors.get(candidate) ?? new Map<string, number>()
  counts.set(failure, (counts.get(failure) ?? 0) + 1)
  errors.set(candidate, counts)
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string'
    ? error.code
    : undefined
}

function describe(error: unknown): string {
  return codeOf(error) ?? (error instanceof Error ? error.message : String(error))
}
