// The store as conversations use it: what was sent and received is told once it is kept, and trouble once while it lasts.
import { randomBytes } from 'node:crypto'
import type { Change, Store } from '../store/store.ts'
import type { ConversationEvent } from './api.ts'
import { type IncomingState, OutgoingLedger, type OutgoingMessage } from './ledger.ts'
import { Reception } from './reception.ts'

export interface BooksConfig {
  store: Store
  /** Ours, for the history. */
  name: string
  tell: (event: ConversationEvent) => void
}

/** The side of a conversation that waits for its messages to be kept. */
export interface Holder {
  readonly peer: string
  /** Everything up to and including `seq` of that epoch outlives this process. */
  keep(epoch: string, seq: number): void
  /** It outlives a power failure too, and may be sent. */
  release(epoch: string, seq: number): void
  /** What was held is not kept: it is forgotten. */
  withdraw(): void
}

export interface Held {
  holder: Holder
  epoch: string
  seq: number
}

export class Books {
  readonly #config: BooksConfig
  #failing = false

  constructor(config: BooksConfig) {
    this.#config = config
  }

  /** A new one has an epoch of its own. Throws a UserError when the store cannot be read. */
  outgoing(peer: string): OutgoingLedger {
    const state = this.#config.store.outgoing(peer)
    return state === undefined ? new OutgoingLedger(newEpoch()) : OutgoingLedger.restore(state)
  }

  /** Throws a UserError when the store cannot be read. */
  incoming(peer: string): Reception {
    return new Reception(this.#config.store.incoming(peer))
  }

  /** Keeps a message, then lets it go and tells `sent`; or takes it back everywhere and tells `unsent`. */
  sent(message: OutgoingMessage, held: readonly Held[]): void {
    const { store, name, tell } = this.#config
    const to = held.map(({ holder, epoch, seq }) => ({ peer: holder.peer, epoch, seq }))
    const peers = to.map(({ peer }) => peer)
    store.write([{ kind: 'sent', message, name, to }], (error) => {
      this.#note(error)
      if (error === undefined) {
        for (const { holder, epoch, seq } of held) holder.keep(epoch, seq)
        void this.#letGo(message.id, peers, held)
      } else {
        for (const { holder } of held) holder.withdraw()
        tell({ type: 'unsent', id: message.id, to: peers, reason: error.message })
      }
    })
  }

  /** Resolves in the moment when they outlive the process, rejects with why they could not be kept. */
  async received(
    peer: string,
    messages: readonly OutgoingMessage[],
    more: { name: string | undefined; books?: IncomingState | undefined }
  ): Promise<void> {
    const { name, books } = more
    const kept = messages.map(({ id, room, sentAtMs, text }) => {
      const message = { id, sentAtMs, text }
      return room === undefined ? message : { ...message, room }
    })
    const change: Change = { kind: 'received', peer, messages: kept, atMs: Date.now() }
    if (name !== undefined) change.name = name
    if (books !== undefined) change.books = books
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#config.store.write([change], (error) => {
      this.#note(error)
      if (error === undefined) resolve()
      else reject(error)
    })
    return promise
  }

  /** Nothing waits for these: when they are lost, the next WELCOME says the same again. */
  settle(change: Extract<Change, { kind: 'acknowledged' | 'gaveUp' | 'renumbered' }>): void {
    this.#config.store.write([change], (error) => this.#note(error))
  }

  /** Resolves when all of it outlives a power failure. */
  async synced(): Promise<void> {
    await this.#config.store.synced()
  }

  /** Only now: a number that a power failure takes back would be given to another message. */
  async #letGo(id: string, to: string[], held: readonly Held[]): Promise<void> {
    await this.#config.store.synced()
    for (const { holder, epoch, seq } of held) holder.release(epoch, seq)
    this.#config.tell({ type: 'sent', id, to })
  }

  #note(error: Error | undefined): void {
    if (error !== undefined && !this.#failing) this.#config.tell({ type: 'trouble', error })
    this.#failing = error !== undefined
  }
}

/** 16 hexadecimal digits. */
export const newEpoch = (): string => randomBytes(8).toString('hex')
