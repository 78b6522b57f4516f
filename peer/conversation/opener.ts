// Opens the stream on which we send to one peer, in what it speaks: chat, or plain messages if it knows no better.
import { openChat } from './handshake.ts'
import type { Entry } from './outgoing-ledger.ts'
import { openPlain, type PlainConfig } from './plain.ts'
import type { Sender, SenderConfig } from './session.ts'
import { isUnsupported } from './streams.ts'
import { MAX_PLAIN_ATTEMPTS } from './timing.ts'
import { Turns } from './turns.ts'

export interface OpenerConfig extends SenderConfig {
  /** Nothing has come back yet, as with what is on its way later. */
  onStall: () => void
  onRefused: PlainConfig['onRefused']
}

export class Opener {
  /** It has spoken chat: it is never sent plain messages, which could double what a stream had carried. */
  #speaksChat = false
  #plain = false
  readonly #turns = new Turns()
  #attempts = { seq: 0, count: 0 }

  /** Plain messages are all it understands, as far as we know. */
  get plain(): boolean {
    return this.#plain
  }

  /** It speaks chat. True when that is news: it was asked before it was ready. */
  heardChat(): boolean {
    const isNews = this.#plain
    this.#speaksChat = true
    this.#plain = false
    return isNews
  }

  /** Rejects with why the stream could not be opened. */
  async open(config: OpenerConfig): Promise<Sender> {
    const stalling = setInterval(config.onStall, config.timing.stallMs)
    try {
      const sender = await openChat(config)
      this.heardChat()
      return sender
    } catch (error) {
      if (!isUnsupported(error) || this.#speaksChat) throw error
      this.#plain = true
      const mayTry = (entry: Entry): boolean => this.#mayTry(entry)
      return openPlain({ ...config, turns: this.#turns, mayTry })
    } finally {
      clearInterval(stalling)
    }
  }

  #mayTry({ seq }: Entry): boolean {
    const count = this.#attempts.seq === seq ? this.#attempts.count + 1 : 1
    this.#attempts = { seq, count }
    return count <= MAX_PLAIN_ATTEMPTS
  }
}
