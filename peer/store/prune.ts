// Drops what the limits of the history do not allow: the oldest goes first, what still waits for somebody stays.
import type { Statements } from './statements.ts'
import { HISTORY_LIMITS, MAX_PEERS_KEPT } from './store.ts'

/** What is left when it was too much: finding out which to drop takes 50 ms, and must not be usual. */
const SHARE_LEFT = 0.75

/** Messages, and bytes of their texts, between two looks at the limits. */
export const PRUNE_EVERY = { messages: 5_000, bytes: 16 * 1024 * 1024 } as const

/** To be called within a transaction. */
export function prune(
  { all, run }: Pick<Statements, 'all' | 'run'>,
  nowMs: number,
  { maxMessages, maxAgeMs, maxBytes }: Record<keyof typeof HISTORY_LIMITS, number> = HISTORY_LIMITS
): void {
  const newest = Number(all('newest')[0]?.['number'] ?? 0)
  const young = all('oldestSince', nowMs - maxAgeMs)[0]?.['number']
  const tooOld = young === undefined ? newest : Number(young) - 1
  const tooMany = newest - maxMessages
  const bytes = Number(all('textBytes')[0]?.['bytes'] ?? 0)
  const beyond = bytes > maxBytes ? all('beyondBytes', SHARE_LEFT * maxBytes) : []
  const tooMuch = Number(beyond[0]?.['number'] ?? 0)
  const cut = Math.max(tooOld, tooMany, tooMuch)
  run('dropDeliveries', cut)
  run('dropMessages', cut)
  run('dropIncoming', MAX_PEERS_KEPT)
}
