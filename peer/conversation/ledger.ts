// The books of one pair of peers: what was sent and not yet acknowledged, what was received. (pure)
// Whatever connection carries which copy, a message is delivered once and in order.

/** A message as its sender keeps it until it is acknowledged. */
export interface OutgoingMessage {
  id: string
  room?: string
  sentAtMs: number
  text: string
}

export interface Entry extends OutgoingMessage {
  /** From 1, without gaps, within one epoch. */
  seq: number
  /** UTF-8 bytes of all texts of this epoch up to and including this one. */
  endOffset: number
}

export interface LedgerLimits {
  /** Messages that may wait for their acknowledgement. */
  maxMessages: number
  /** UTF-8 bytes of their texts. */
  maxBytes: number
}

/** A refusal is a value: its reason is a sentence for logs, BYE frames or the user. */
export type Refusal = { ok: false; reason: string }

/** About an hour of a talkative room that is away, in memory. */
export const OUTGOING_LIMITS: LedgerLimits = { maxMessages: 10_000, maxBytes: 8 * 1024 * 1024 }

/** The sender's side: numbers messages and keeps them until a cumulative acknowledgement covers them. */
export class OutgoingLedger {
  /** 16 hexadecimal digits: a receiver that knows them goes on counting, another starts. */
  readonly epoch: string
  readonly #limits: LedgerLimits
  #waiting: Entry[] = []
  #acknowledged: number
  #endOffset = 0
  #acknowledgedOffset = 0

  constructor(epoch: string, limits: LedgerLimits = OUTGOING_LIMITS, acknowledged = 0) {
    this.epoch = epoch
    this.#limits = limits
    this.#acknowledged = acknowledged
  }

  /** The highest number acknowledged; 0 when none. */
  get acknowledged(): number {
    return this.#acknowledged
  }

  /** The highest number given out. */
  get last(): number {
    return this.#acknowledged + this.#waiting.length
  }

  /** What waits for its acknowledgement, oldest first. */
  get waiting(): readonly Entry[] {
    return this.#waiting
  }

  append(message: OutgoingMessage): { ok: true; seq: number } | Refusal {
    const { maxMessages, maxBytes } = this.#limits
    if (this.#waiting.length >= maxMessages) {
      return { ok: false, reason: `${maxMessages} messages are waiting for this peer already` }
    }
    const endOffset = this.#endOffset + Buffer.byteLength(message.text)
    if (endOffset - this.#acknowledgedOffset > maxBytes) {
      return { ok: false, reason: `${maxBytes} bytes are waiting for this peer already` }
    }
    this.#endOffset = endOffset
    const seq = this.last + 1
    this.#waiting.push({ ...message, seq, endOffset })
    return { ok: true, seq }
  }

  /** The message of that number, while it waits. */
  at(seq: number): Entry | undefined {
    return this.#waiting[seq - this.#acknowledged - 1]
  }

  /** Bytes of text from what is acknowledged up to and including `seq`. */
  bytesUpTo(seq: number): number {
    return (this.at(seq)?.endOffset ?? this.#acknowledgedOffset) - this.#acknowledgedOffset
  }

  /** Takes a cumulative acknowledgement and returns what it settles; an old one settles nothing. */
  acknowledge(received: number): { ok: true; settled: Entry[] } | Refusal {
    if (received > this.last) {
      const reason = `number ${received} was acknowledged, but only ${this.last} were ever sent`
      return { ok: false, reason }
    }
    const settled = this.#waiting.splice(0, Math.max(0, received - this.#acknowledged))
    this.#acknowledged += settled.length
    this.#acknowledgedOffset = settled.at(-1)?.endOffset ?? this.#acknowledgedOffset
    return { ok: true, settled }
  }
}

/** What to do with a message that came in. */
export type Verdict =
  | { verdict: 'deliver' }
  /** Delivered before: acknowledge it again. */
  | { verdict: 'duplicate' }
  /** Numbers are missing: impossible on an ordered stream that began where it was told to. */
  | { verdict: 'gap'; reason: string }
  | { verdict: 'refused'; reason: string }

/** Epochs of which a late stream may still arrive; older ones are too far gone to matter. */
const MAX_PAST_EPOCHS = 16

/** The receiver's side: counts what has arrived in the current epoch of the sender. */
export class IncomingLedger {
  #epoch: string | undefined
  #received = 0
  #past: string[] = []

  get epoch(): string | undefined {
    return this.#epoch
  }

  /** The highest number received without a gap; 0 when none. */
  get received(): number {
    return this.#received
  }

  /**
   * A stream of `epoch` begins whose first message may be `nextSeq`. A new epoch replaces the current one; one that
   * was replaced does not come back. `received` tells the sender where to go on.
   */
  begin(epoch: string, nextSeq: number): { ok: true; received: number; fresh: boolean } | Refusal {
    if (this.#past.includes(epoch)) {
      return { ok: false, reason: `epoch ${epoch} was replaced by a younger one` }
    }
    if (epoch === this.#epoch) {
      if (nextSeq <= this.#received + 1) return { ok: true, received: this.#received, fresh: false }
      return { ok: false, reason: jump(nextSeq, this.#received + 1) }
    }
    if (this.#epoch !== undefined) this.#past = [...this.#past, this.#epoch].slice(-MAX_PAST_EPOCHS)
    this.#epoch = epoch
    this.#received = nextSeq - 1
    return { ok: true, received: this.#received, fresh: true }
  }

  /** Decides about number `seq` when `ahead` messages before it have been judged and not yet been recorded. */
  judge(epoch: string, seq: number, ahead = 0): Verdict {
    if (epoch !== this.#epoch) {
      return { verdict: 'refused', reason: `epoch ${epoch} is not the current one` }
    }
    const expected = this.#received + ahead + 1
    if (seq === expected) return { verdict: 'deliver' }
    if (seq < expected) return { verdict: 'duplicate' }
    return { verdict: 'gap', reason: jump(seq, expected) }
  }

  /** The next `count` messages are in safe hands: from now on they are acknowledged. */
  record(count: number): void {
    this.#received += count
  }
}

function jump(seq: number, expected: number): string {
  return `number ${seq} came where ${expected} was expected`
}
