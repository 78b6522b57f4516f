// The table of conversations: bounded, with what each peer has sent remembered longer than the conversation itself.
import { RecentMap } from '../../shared/recent-map.ts'
import type { Hello } from '../../shared/wire/chat.ts'
import { Conversation, type ConversationConfig } from './conversation.ts'
import type { Books } from './books.ts'
import { MAX_WAITING_BYTES } from '../store/store.ts'
import type { Refusal } from './ledger.ts'
import type { Begun } from './incoming-ledger.ts'
import type { Reception } from './reception.ts'
import { MAX_CONVERSATIONS, MAX_REMEMBERED_SENDERS } from './timing.ts'

/** So much may wait for anybody, however much others have left unacknowledged: they cannot lock out who is there. */
export const FAIR_SHARE_BYTES = MAX_WAITING_BYTES / MAX_CONVERSATIONS

export interface MembersConfig extends Omit<ConversationConfig, 'peer'> {
  books: ConversationConfig['books'] & Pick<Books, 'incoming'>
}

/** Peers are named by their peer ids. Throws a UserError where what was kept cannot be read. */
export class Members {
  readonly #config: MembersConfig
  readonly #conversations = new Map<string, Conversation>()
  /** Oldest use first. */
  readonly #receptions = new RecentMap<string, Reception>(MAX_REMEMBERED_SENDERS)
  readonly #introductions = new Map<string, { name: string; text: string }>()
  #closed = false

  constructor(config: MembersConfig) {
    this.#config = config
  }

  get(peer: string): Conversation | undefined {
    return this.#conversations.get(peer)
  }

  /** The conversation with that peer, a new one if need be; none when there are too many, or after `close`. */
  admit(peer: string): Conversation | undefined {
    const known = this.#conversations.get(peer)
    if (known !== undefined || this.#closed) return known
    if (this.#conversations.size >= MAX_CONVERSATIONS && !this.#forgetIdle()) return undefined
    const conversation = new Conversation({ ...this.#config, peer })
    this.#conversations.set(peer, conversation)
    return conversation
  }

  /** What waits for that peer is kept. */
  async remove(peer: string, reason: string): Promise<void> {
    const conversation = this.#conversations.get(peer)
    this.#conversations.delete(peer)
    this.#introductions.delete(peer)
    await conversation?.close({ bye: reason })
  }

  /** What that peer calls itself, since it has introduced itself. */
  nameOf(peer: string): string | undefined {
    return this.#introductions.get(peer)?.name
  }

  undelivered(): number {
    let sum = 0
    for (const { undelivered } of this.#conversations.values()) sum += undelivered
    return sum
  }

  /** Why no more may wait for that peer as long as so much waits for everybody; nothing when it may. */
  whyFull(conversation: Conversation, moreBytes: number): Refusal | undefined {
    if (conversation.waitingBytes + moreBytes <= FAIR_SHARE_BYTES) return undefined
    let sum = moreBytes
    for (const { waitingBytes } of this.#conversations.values()) sum += waitingBytes
    if (sum <= MAX_WAITING_BYTES) return undefined
    const reason = `${MAX_WAITING_BYTES} bytes are waiting for all peers together already`
    return { ok: false, reason }
  }

  /** A stream of that peer begins: introduces the peer when that is news, and tells what we have of its epoch. */
  begin(peer: string, hello: Hello): Begun {
    const begun = this.reception(peer).ledger.begin(hello.epoch, hello.nextSeq)
    if (begun.epoch !== hello.epoch) return begun
    const text = JSON.stringify([hello.epoch, hello.name, hello.rooms])
    if (this.#introductions.get(peer)?.text !== text) {
      this.#introductions.set(peer, { name: hello.name, text })
      this.#config.tell({ type: 'hello', peer, name: hello.name, rooms: hello.rooms })
    }
    return begun
  }

  left(peer: string): void {
    this.#introductions.delete(peer)
    this.#conversations.get(peer)?.left()
  }

  /** What that peer has sent us; outlives its conversation, so that nothing is shown twice when it comes back. */
  reception(peer: string): Reception {
    const reception = this.#receptions.get(peer) ?? this.#config.books.incoming(peer)
    this.#receptions.set(peer, reception)
    return reception
  }

  /** Says BYE to everybody and ends all conversations. */
  async close(reason: string): Promise<void> {
    this.#closed = true
    await Promise.all([...this.#conversations.values()].map((each) => each.close({ bye: reason })))
  }

  /** Makes room: gives up a conversation with somebody who is not there. */
  #forgetIdle(): boolean {
    for (const [peer, conversation] of this.#conversations) {
      if (!conversation.idle) continue
      this.#conversations.delete(peer)
      this.#introductions.delete(peer)
      void conversation.close({})
      return true
    }
    return false
  }
}
