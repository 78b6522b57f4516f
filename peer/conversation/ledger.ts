// The words that both ledgers of a pair of peers share. (pure)
// Whatever connection carries which copy, a message is delivered once and in order.

/** A message as its sender keeps it until it is acknowledged. */
export interface OutgoingMessage {
  id: string
  room?: string
  sentAtMs: number
  text: string
}

/** A refusal is a value: its reason is a sentence for logs, BYE frames or the user. */
export type Refusal = { ok: false; reason: string }
