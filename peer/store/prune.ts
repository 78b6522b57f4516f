// Drops what the limits of the history do not allow: of what is too old all, of what is too much the oldest of those
// who said most. What still waits for somebody stays.
import type { Statements } from './statements.ts'
import { HISTORY_LIMITS, MAX_PEERS_KEPT } from './store.ts'

/** Finding out which to drop takes a tenth of a second, and must not be usual: so much more may be kept meanwhile. */
const SLACK = 1.1

/** With text it takes longer, and space matters: what is left when it was too much. */
const SHARE_LEFT = 0.75

/** Messages, and bytes of their texts, between two looks at the limits. */
export const PRUNE_EVERY = { messages: 5_000, bytes: 16 * 1024 * 1024 } as const

type Database = Pick<Statements, 'all' | 'run'>

/** To be called within a transaction. */
export function prune(
  database: Database,
  nowMs: number,
  { maxMessages, maxAgeMs, maxBytes }: Record<keyof typeof HISTORY_LIMITS, number> = HISTORY_LIMITS
): void {
  const { all, run } = database
  const young = all('oldestSince', nowMs - maxAgeMs)[0]?.['number']
  const newest = Number(all('newest')[0]?.['number'] ?? 0)
  drop(database, 'upTo', young === undefined ? newest : Number(young) - 1)
  const messages = Number(all('count')[0]?.['messages'] ?? 0)
  if (messages > SLACK * maxMessages) drop(database, 'beyondMessages', maxMessages)
  const bytes = Number(all('textBytes')[0]?.['bytes'] ?? 0)
  if (bytes > maxBytes) drop(database, 'beyondBytes', SHARE_LEFT * maxBytes)
  run('dropIncoming', MAX_PEERS_KEPT)
}

function drop(
  { all, run }: Database,
  which: 'upTo' | 'beyondMessages' | 'beyondBytes',
  limit: number
): void {
  const numbers = all(which, limit).map(({ number }) => Number(number))
  if (numbers.length === 0) return
  const list = JSON.stringify(numbers)
  run('dropDeliveries', list)
  run('dropMessages', list)
}
