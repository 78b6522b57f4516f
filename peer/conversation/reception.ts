// What one peer has sent us, over however many streams at once: each message is handed on once, in order, and counts
// as received only after it has been taken.
import type { ChatMessage } from '../../shared/wire/chat.ts'
import { IncomingLedger, type IncomingState } from './incoming-ledger.ts'
import type { Refusal } from './ledger.ts'
import { PlainPace } from './plain-pace.ts'
import { Turns } from './turns.ts'

/** `received` may be acknowledged once everything that is kept outlives a power failure. */
export type Accepted = { ok: true; received: number } | Refusal

/** Keeps and shows messages, together with the books as they are then. Rejects to have them sent again. */
export type Deliver = (
  messages: ChatMessage[],
  books: IncomingState | undefined
) => void | Promise<void>

export class Reception {
  readonly plainPace = new PlainPace()
  readonly ledger: IncomingLedger
  /** Batches of several streams take turns: between judging and recording nothing may come in between. */
  readonly #turns = new Turns()

  /** With what an earlier run has left. */
  constructor(state?: IncomingState) {
    this.ledger = state === undefined ? new IncomingLedger() : IncomingLedger.restore(state)
  }

  /** Judges a batch of one stream, hands on what is new and tells what to acknowledge. */
  async accept(epoch: string, messages: ChatMessage[], deliver: Deliver): Promise<Accepted> {
    return this.#turns.take(() => this.#accept(epoch, messages, deliver))
  }

  async #accept(epoch: string, messages: ChatMessage[], deliver: Deliver): Promise<Accepted> {
    const fresh: ChatMessage[] = []
    let refusal: Refusal | undefined
    for (const message of messages) {
      const judged = this.ledger.judge(epoch, message.seq, fresh.length)
      if (judged.verdict === 'deliver') fresh.push(message)
      else if (judged.verdict !== 'duplicate') refusal = { ok: false, reason: judged.reason }
      if (refusal !== undefined) break
    }
    const last = fresh.at(-1)
    if (last !== undefined) {
      await deliver(fresh, this.ledger.state(fresh.length))
      this.ledger.record(epoch, last.seq)
    }
    return refusal ?? { ok: true, received: this.ledger.received }
  }
}
