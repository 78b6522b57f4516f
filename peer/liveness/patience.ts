// How long the other end of a connection may be silent before it is taken for dead. (pure)

/**
 * Between two looks at a quiet connection, and what an answer may take then: a dead path is known after 9 to 15 s.
 * Often enough for every NAT: the shortest lifetimes of TCP mappings that were measured are a minute.
 */
export const IDLE_PROBE_MS = 8_000
export const IDLE_ANSWER_MS = 6_000

/**
 * When there is doubt. With the 1.5 s of silence before it (the conversation's `stallMs`) that is 4 s: at 10 % loss
 * TCP has then repeated a packet four times.
 */
export const DOUBT_ANSWER_MS = 2_500

/** A member that lives and never acknowledges anything must not keep our relays in doubt. */
export const SPREAD_EVERY_MS = 30_000

/** So soon after a sign of life there is no doubt. */
export const FRESH_MS = 1_000

/** A look that took so much longer than it was to: this process stood still, and the answer may lie there unread. */
const STOOD_STILL_MS = 1_000

/** `random` in [0, 1): the looks at many connections spread out. */
export function idleMs(random: number): number {
  return IDLE_PROBE_MS * (0.75 + random / 4)
}

/** Whether an unanswered look proves nothing, because nobody was there to see the answer. */
export function provesNothing(timeoutMs: number, tookMs: number): boolean {
  return tookMs > timeoutMs + STOOD_STILL_MS
}

/** Why a connection was given up, for the user; it stands before a comma. */
export const DEATH = 'the other end of its connection no longer answers'
