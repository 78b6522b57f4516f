// Closes circuits that something better has replaced: not before the conversation has left them, and for certain.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Connection } from '@libp2p/interface'
import { closeOrAbort } from '../../shared/close-or-abort.ts'

/** A circuit stays this long beside what replaced it: what is under way on it still arrives. */
export const CIRCUIT_GRACE_MS = 10_000

/** A stream that cannot be closed, because nobody reads it, must not keep its circuit: the relay counts them. */
export const CLOSE_TIMEOUT_MS = 5_000

export interface RetireOptions {
  /** What replaced it still stands. */
  isReplaced: () => boolean
  /** The conversation has not moved yet. */
  isCarrying: () => boolean
  /** `CIRCUIT_GRACE_MS` by default. */
  graceMs?: number
  signal: AbortSignal
}

/** Rejects with the signal's reason only. */
export async function retire(
  circuit: Connection,
  { isReplaced, isCarrying, graceMs = CIRCUIT_GRACE_MS, signal }: RetireOptions
): Promise<void> {
  do {
    await sleep(graceMs, undefined, { signal, ref: false })
    if (circuit.status !== 'open' || !isReplaced()) return
  } while (isCarrying())
  await closeOrAbort(circuit, AbortSignal.any([signal, AbortSignal.timeout(CLOSE_TIMEOUT_MS)]))
}
