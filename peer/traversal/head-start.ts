// The head start that ordinary dials have before a volley: who lets everybody in is reached by them, and would let in all
// of a volley.
import type { Volleys } from './guess-plan.ts'

/** A relayed round trip, or this. */
const MAX_ROUND_TRIP_MS = 300

/**
 * A host without a NAT is likely to let everybody in: then ordinary dials have the time to come to something. What they
 * have had since the moment of meeting counts, but for one round trip, in which a SYN that was lost is made good.
 */
const OPEN_HOST_ROUND_TRIPS = 3

/** What has connected is most likely the peer: nothing is fired, or nothing more, while it shakes hands. */
export const HOLD_MS = 1_000

export interface SoFar {
  /** Of the relayed path. */
  rttMs: number
  /** So long ordinary dials of both sides have been under way already, and nobody has answered. */
  inVainMs: number
}

/** In ms; `isOpen`: one side has no NAT. (pure) */
export function headStartMs(
  { kind }: Pick<Volleys, 'kind'>,
  { rttMs, inVainMs, isOpen }: SoFar & { isOpen: boolean }
): number {
  const onceMs = Math.min(rttMs, MAX_ROUND_TRIP_MS)
  if (isOpen) return Math.max(onceMs, OPEN_HOST_ROUND_TRIPS * onceMs - inVainMs)
  // Who guesses dials ports of which hardly any is let in.
  return kind === 'guess' ? 0 : onceMs
}

export class HeadStart implements Disposable {
  readonly #fire: () => void
  /** Undefined when it has fired or is disposed. */
  #timer: NodeJS.Timeout | undefined

  constructor(ms: number, fire: () => void) {
    this.#fire = fire
    this.#timer = this.#fireAfter(ms)
  }

  /** An ordinary dial has connected where the volley is aimed. */
  hold(): void {
    if (this.#timer === undefined) return
    clearTimeout(this.#timer)
    this.#timer = this.#fireAfter(HOLD_MS)
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #fireAfter(ms: number): NodeJS.Timeout {
    return setTimeout(() => {
      this.#timer = undefined
      this.#fire()
    }, ms)
  }
}
