// When a circuit is about to end by its relay's limits, and whether there is anything to carry on with. (pure)
import type { ConnectionLimits } from '@libp2p/interface'

/** What a circuit may still use; absent: no limit. */
export interface Allowance {
  seconds?: number
  bytes?: number
}

export interface Circuit {
  /** We dialled it, so it is ours to renew. */
  ours: boolean
  initial: Allowance
  left: Allowance
  /** In [0, 1), of this circuit: a room's circuits, opened in one moment, are not all renewed in one. */
  random: number
}

/** Of what it began with. */
const MARGIN_SHARE = 0.2
/** A dial through a relay that loses packets, and the move. */
const LEAST_SECONDS = 15
/** What a conversation may have on its way in both directions, and the handshakes of the move. */
const LEAST_BYTES = 2.5 * 1024 * 1024
/** A circuit that is smaller than all that is used for half of itself. */
const MOST_SHARE = 0.5
/** Of the margin. */
const SPREAD = 0.25

/** A fresh circuit is wanted: every one that there is ends soon, none is direct, and one is ours to renew. */
export function freshCircuitIsDue(circuits: readonly Circuit[], hasDirect: boolean): boolean {
  return !hasDirect && circuits.some(({ ours }) => ours) && circuits.every(endsSoon)
}

/** The relay will end it within the time, or the traffic, that a move should have. */
export function endsSoon({ initial, left, random }: Omit<Circuit, 'ours'>): boolean {
  const share = 1 - SPREAD * random
  return (
    isShort(initial.seconds, left.seconds, LEAST_SECONDS, share) ||
    isShort(initial.bytes, left.bytes, LEAST_BYTES, share)
  )
}

/** What a connection may still use now. */
export function allowance(limits: ConnectionLimits | undefined): Allowance {
  return {
    ...(limits?.seconds === undefined ? {} : { seconds: limits.seconds }),
    ...(limits?.bytes === undefined ? {} : { bytes: Number(limits.bytes) })
  }
}

function isShort(
  initial: number | undefined,
  left: number | undefined,
  least: number,
  share: number
): boolean {
  if (initial === undefined || left === undefined) return false
  const margin = Math.min(Math.max(initial * MARGIN_SHARE, least), initial * MOST_SHARE)
  return left <= margin * share
}
