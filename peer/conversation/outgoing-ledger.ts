// The books of what was sent to one peer and is not yet acknowledged. (pure)
import type { OutgoingMessage, Refusal } from './ledger.ts'

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

/** What may wait for one peer, away or not; the newest message is refused beyond it. Hours of a talkative room. */
export const OUTGOING_LIMITS: LedgerLimits = { maxMessages: 10_000, maxBytes: 8 * 1024 * 1024 }

/** What a sender's side begins with: nothing, or what an earlier run has left. */
export interface OutgoingState {
  /** 16 hexadecimal digits. */
  epoch: string
  /** The highest number acknowledged; 0 when none. */
  acknowledged: number
  /** Numbered from `acknowledged + 1`, without gaps. */
  waiting: readonly OutgoingMessage[]
  /** Numbers above were given out by runs that never met the receiver; absent: all may have been on a wire. */
  onWire?: number
}

/**
 * A message that was numbered. `onWire` has to be kept with it while the receiver has not been met in this run: if
 * these books turn out to be older than the receiver's, the number belongs to another message there.
 */
export interface Numbered {
  seq: number
  onWire?: number
}

/** The sender's side: numbers messages and keeps them until a cumulative acknowledgement covers them. */
export class OutgoingLedger {
  readonly #limits: LedgerLimits
  #epoch: string
  #waiting: Entry[] = []
  #acknowledged: number
  /** The highest number that outlives this process: it may be sent, those above it may be withdrawn. */
  #kept: number
  /** The highest number that a stream may have carried, in this run or, as far as its books go, before. */
  #onWire: number
  /** The receiver has been found to know no more than we do: what we number from now on is new to it. */
  #met = true
  #endOffset = 0
  #acknowledgedOffset = 0

  constructor(epoch: string, limits: LedgerLimits = OUTGOING_LIMITS, acknowledged = 0) {
    this.#epoch = epoch
    this.#limits = limits
    this.#acknowledged = acknowledged
    this.#kept = acknowledged
    this.#onWire = acknowledged
  }

  /**
   * Goes on where an earlier run ended; its limits were kept to when the messages were accepted. The books may be older
   * than the receiver's, after a power failure or as a restored backup. Then numbers up to `onWire` still mean the same
   * messages at both ends, those given out since do not: WELCOME shows it by telling of more than `onWire`.
   */
  static restore({ epoch, acknowledged, waiting, onWire }: OutgoingState): OutgoingLedger {
    const ledger = new OutgoingLedger(epoch, OUTGOING_LIMITS, acknowledged)
    for (const message of waiting) ledger.#push(message)
    ledger.keep(ledger.last)
    ledger.#onWire = Math.max(acknowledged, Math.min(onWire ?? ledger.last, ledger.last))
    ledger.#met = false
    return ledger
  }

  /** 16 hexadecimal digits: a receiver that knows them goes on counting, another starts. */
  get epoch(): string {
    return this.#epoch
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

  /** UTF-8 bytes of the texts that wait. */
  get waitingBytes(): number {
    return this.#endOffset - this.#acknowledgedOffset
  }

  /** Numbers a message that may be sent at once. */
  append(message: OutgoingMessage): ({ ok: true } & Numbered) | Refusal {
    const held = this.hold(message)
    if (held.ok) this.keep(held.seq)
    return held
  }

  /** Numbers a message that must not be sent before `keep`: a number that was on a wire is never given out again. */
  hold(message: OutgoingMessage): ({ ok: true } & Numbered) | Refusal {
    const { maxMessages, maxBytes } = this.#limits
    if (this.#waiting.length >= maxMessages) {
      return { ok: false, reason: `${maxMessages} messages are waiting for this peer already` }
    }
    if (this.waitingBytes + Buffer.byteLength(message.text) > maxBytes) {
      return { ok: false, reason: `${maxBytes} bytes are waiting for this peer already` }
    }
    const seq = this.#push(message)
    return this.#met ? { ok: true, seq } : { ok: true, seq, onWire: this.#onWire }
  }

  /** Everything up to and including `seq` outlives this process, and may be sent. */
  keep(seq: number): void {
    this.#kept = Math.max(this.#kept, Math.min(seq, this.last))
  }

  /** A stream is about to carry everything up to and including `seq`. */
  handOver(seq: number): void {
    this.#onWire = Math.max(this.#onWire, Math.min(seq, this.#kept))
  }

  /** Forgets what was held and could not be kept; its numbers are given out again. */
  withdraw(): void {
    this.#waiting.length = this.#kept - this.#acknowledged
    this.#endOffset = this.#waiting.at(-1)?.endOffset ?? this.#acknowledgedOffset
  }

  /** Numbers what waits anew, under another epoch: the receiver knows more of this one than we do. Nothing is held. */
  renumber(epoch: string): void {
    this.#epoch = epoch
    this.#acknowledged = 0
    this.#waiting = this.#waiting.map((entry, index) => ({ ...entry, seq: index + 1 }))
    this.#kept = this.last
    this.#onWire = 0
    this.#met = true
  }

  /** The message of that number, while it waits and may be sent. */
  at(seq: number): Entry | undefined {
    return seq > this.#kept ? undefined : this.#waiting[seq - this.#acknowledged - 1]
  }

  /** The oldest message that waits and may be sent. */
  get first(): Entry | undefined {
    return this.at(this.#acknowledged + 1)
  }

  /** Bytes of text from what is acknowledged up to and including `seq`. */
  bytesUpTo(seq: number): number {
    return (this.at(seq)?.endOffset ?? this.#acknowledgedOffset) - this.#acknowledgedOffset
  }

  /** Takes a cumulative acknowledgement and returns what it settles; an old one settles nothing. */
  acknowledge(received: number): { ok: true; settled: Entry[] } | Refusal {
    if (received > this.#onWire) {
      const reason = `number ${received} was acknowledged, but only ${this.#onWire} were ever sent`
      return { ok: false, reason }
    }
    this.#met = true
    const settled = this.#waiting.splice(0, Math.max(0, received - this.#acknowledged))
    this.#acknowledged += settled.length
    this.#acknowledgedOffset = settled.at(-1)?.endOffset ?? this.#acknowledgedOffset
    return { ok: true, settled }
  }

  #push(message: OutgoingMessage): number {
    this.#endOffset += Buffer.byteLength(message.text)
    const seq = this.last + 1
    this.#waiting.push({ ...message, seq, endOffset: this.#endOffset })
    return seq
  }
}
