// The books of what was received from one peer. (pure)
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

/**
 * What to tell a sender whose stream begins: the highest number received, and of which epoch. Another epoch than the
 * stream's: that one was replaced, the sender's books are older than ours, and it has to take a new one.
 */
export interface Begun {
  ok: true
  epoch: string
  received: number
}

/** What a receiver's side goes on with after a restart. */
export interface IncomingState {
  epoch: string
  received: number
  /** Epochs that were replaced, oldest first. */
  past: readonly string[]
}

/** The receiver's side: counts what has arrived in the current epoch of the sender. */
export class IncomingLedger {
  #epoch: string | undefined
  #received = 0
  #past: string[] = []

  /** Goes on where an earlier run ended. */
  static restore({ epoch, received, past }: IncomingState): IncomingLedger {
    const ledger = new IncomingLedger()
    ledger.#epoch = epoch
    ledger.#received = received
    ledger.#past = past.slice(-MAX_PAST_EPOCHS)
    return ledger
  }

  /** What a restart needs once `ahead` more messages are recorded; nothing before the first HELLO. */
  state(ahead = 0): IncomingState | undefined {
    if (this.#epoch === undefined) return undefined
    return { epoch: this.#epoch, received: this.#received + ahead, past: this.#past }
  }

  get epoch(): string | undefined {
    return this.#epoch
  }

  /** The highest number received without a gap; 0 when none. */
  get received(): number {
    return this.#received
  }

  /**
   * A stream of `epoch` begins whose first message may be `nextSeq`. A new epoch replaces the current one; one that
   * was replaced does not come back. `received` tells the sender where to go on. Numbers that the sender skips were
   * given up there, or acknowledged by an earlier life of ours whose books are lost: they will not come.
   */
  begin(epoch: string, nextSeq: number): Begun {
    if (this.#epoch !== undefined && this.#past.includes(epoch)) {
      return { ok: true, epoch: this.#epoch, received: this.#received }
    }
    if (epoch === this.#epoch) {
      this.#received = Math.max(this.#received, nextSeq - 1)
      return { ok: true, epoch, received: this.#received }
    }
    if (this.#epoch !== undefined) this.#past = [...this.#past, this.#epoch].slice(-MAX_PAST_EPOCHS)
    this.#epoch = epoch
    this.#received = nextSeq - 1
    return { ok: true, epoch, received: this.#received }
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

  /** Everything up to and including `seq` is in safe hands: from now on it is acknowledged. */
  record(epoch: string, seq: number): void {
    if (epoch === this.#epoch) this.#received = Math.max(this.#received, seq)
  }
}

function jump(seq: number, expected: number): string {
  return `number ${seq} came where ${expected} was expected`
}
