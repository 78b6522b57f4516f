// Every number of the conversation drivers in one place, with its reason. (pure)

export interface ConversationTiming {
  /** From opening a stream to its WELCOME, and from an accepted stream to its HELLO. */
  welcomeTimeoutMs: number
  /** A frame that has begun must be there whole: 72 KiB over a slow circuit. */
  frameTimeoutMs: number
  /** Something is on its way and nothing was acknowledged: the connection is looked at, whether it lives. */
  stallMs: number
  /** It lives, and still nothing is acknowledged: another stream may fare better. A receiver's disk can be slow. */
  ackTimeoutMs: number
  /** A line of this pace is slow, not dead: so much longer may the oldest message on its way take. */
  slowestBytesPerMs: number
  /** A stream that was replaced may take this long for its last acks. */
  drainTimeoutMs: number
  /** How long leaving may take: BYE must go out, nobody waits for more. */
  byeTimeoutMs: number
  /** Second failure on a connection; the first one is tried again at once. Doubles from here. */
  retryMinMs: number
  retryMaxMs: number
}

export const CONVERSATION_TIMING: ConversationTiming = {
  welcomeTimeoutMs: 10_000,
  frameTimeoutMs: 30_000,
  stallMs: 1_500,
  ackTimeoutMs: 15_000,
  slowestBytesPerMs: 16,
  drainTimeoutMs: 5_000,
  byeTimeoutMs: 1_000,
  retryMinMs: 250,
  retryMaxMs: 30_000
}

/** What one stream may have on its way unacknowledged: 17 MB/s at 60 ms, and less than a receiver may hold while paused. */
export const IN_FLIGHT = { maxMessages: 1024, maxBytes: 1024 * 1024 } as const

/** Messages are handed to the muxer in pieces of about this size: one encrypted Noise frame. */
export const SEND_CHUNK_BYTES = 64 * 1024

/** Inbound streams on one connection: one in use, one that replaces it, two that are being closed. */
export const MAX_INBOUND_CHAT_STREAMS = 4

/** Plain messages come one a stream. */
export const MAX_INBOUND_MSG_STREAMS = 16

/** Tries of one plain message whose arrival nobody confirms: each may show it once more. */
export const MAX_PLAIN_ATTEMPTS = 3

/** Conversations at once; members of the rooms, and strangers who know the room's name. */
export const MAX_CONVERSATIONS = 256

/** Senders whose count is remembered after their conversation has been given up. */
export const MAX_REMEMBERED_SENDERS = 1024

/** How long to wait after the `failures`-th failure in a row; `random` from 0 to 1 spreads retries by a quarter. */
export function retryDelayMs(timing: ConversationTiming, failures: number, random: number): number {
  if (failures <= 1) return 0
  const delayMs = Math.min(timing.retryMaxMs, timing.retryMinMs * 2 ** Math.min(failures - 2, 20))
  return delayMs * (0.75 + random / 2)
}
