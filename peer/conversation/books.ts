// The store as conversations use it: what was sent and received is told once it is kept, and trouble once while it lasts.
import { randomBytes } from 'node:crypto'
import { setImmediate as endOfTurn, setTimeout as sleep } from 'node:timers/promises'
import { isolated } from '../listeners.ts'
import type { Change, Store } from '../store/store.ts'
import type { ConversationEvent } from './api.ts'
import type { IncomingState } from './incoming-ledger.ts'
import type { OutgoingMessage } from './ledger.ts'
import { type Numbered, OutgoingLedger } from './outgoing-ledger.ts'
import { Reception } from './reception.ts'

export interface BooksConfig {
  store: Store
  /** Ours, for the history. */
  name: string
  tell: (event: ConversationEvent) => void
}

/** Until a disk that did not take what was written is asked again. */
const SYNC_RETRY_MS = 1_000

/** The side of a conversation that waits for its messages to be kept. */
export interface Holder {
  readonly peer: string
  /** Everything up to and including `seq` of that epoch outlives this process, and may be sent. */
  keep(epoch: string, seq: number): void
  /** What was held is not kept: it is forgotten. */
  withdraw(): void
}

export interface Held extends Numbered {
  holder: Holder
  epoch: string
}

/** Kept, perhaps on its way and even delivered, and not yet told of. */
interface Untold {
  to: string[]
  deliveredTo: string[]
}

/**
 * What goes on a wire is committed, what is told as sent or acknowledged is synced. So a message is on its way while
 * the disk still works, and nothing is lost by
 * - SIGKILL at any point: every commit survives it, so the books know every number that was on a wire;
 * - a disk that fails: nothing is told as sent or acknowledged until it takes what was written;
 * - a power failure at the sender: it takes back the newest commits, none of which was told as sent. What of them was
 *   on a wire is shown once more or not at all. Their numbers are not given to other messages: WELCOME tells of more
 *   than was ever sent as far as the sender knows, or of an epoch that it has lost, and what waits is numbered anew;
 *   what the receiver has of that already it knows by its id;
 * - a restored backup of the sender: the same;
 * - a power failure at the receiver: it takes back what was shown and not yet acknowledged. That comes, and is shown,
 *   again: the one case in which a message is shown twice.
 */
export class Books {
  readonly #config: BooksConfig
  #failing = false
  /** By message id. */
  #untold = new Map<string, Untold>()
  /** What is told once all of a commit is settled: whoever hears it may send again at once. */
  #news: ConversationEvent[] = []
  #telling: Promise<void> | undefined
  readonly #leaving = new AbortController()

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

  /**
   * Keeps a message, lets it go at once and tells `sent` when it outlives a power failure; or takes it back everywhere
   * and tells `unsent`.
   */
  sent(message: OutgoingMessage, held: readonly Held[]): void {
    const { store, name } = this.#config
    const to = held.map(({ holder, ...numbered }) => ({ peer: holder.peer, ...numbered }))
    const peers = to.map(({ peer }) => peer)
    store.write([{ kind: 'sent', message, name, to }], (error) => {
      this.#note(error)
      if (error === undefined) {
        this.#untold.set(message.id, { to: peers, deliveredTo: [] })
        for (const { holder, epoch, seq } of held) holder.keep(epoch, seq)
        this.#telling ??= this.#tellSent()
      } else {
        for (const { holder } of held) holder.withdraw()
        this.#tellSoon({ type: 'unsent', id: message.id, to: peers, reason: error.message })
      }
    })
  }

  /** The peer has it. It may be faster than our disk: `sent` comes first all the same. */
  delivered(id: string, peer: string): void {
    const untold = this.#untold.get(id)
    if (untold === undefined) this.#config.tell({ type: 'delivered', id, peer })
    else untold.deliveredTo.push(peer)
  }

  /**
   * Those that have not been kept before. Only an epoch that replaced another can bring something again: its sender
   * has numbered anew what it believed to be waiting. Peers cannot harm each other with ids that they make up, and the
   * history forgets in the end: what it has dropped by then is new again. Throws when the store cannot be read.
   */
  unknown(
    peer: string,
    messages: readonly OutgoingMessage[],
    books: IncomingState | undefined
  ): readonly OutgoingMessage[] {
    if (books === undefined || books.past.length === 0) return messages
    return messages.filter(({ id }) => !this.#config.store.has(peer, id))
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
  settle(change: Extract<Change, { kind: 'acknowledged' | 'gaveUp' }>): void {
    this.#config.store.write([change], (error) => this.#note(error))
  }

  /**
   * Numbers what waits for that peer above `acknowledged` from 1, at once, together with what was said and not yet
   * kept. Returns its epoch; nothing when that could not be kept: then everything is as before.
   */
  renumber(peer: string, acknowledged: number): string | undefined {
    const { store } = this.#config
    const epoch = newEpoch()
    let kept = false
    store.write([{ kind: 'renumbered', peer, epoch, acknowledged }], (error) => {
      this.#note(error)
      kept = error === undefined
    })
    store.flush()
    return kept ? epoch : undefined
  }

  /** Resolves when all of it outlives a power failure, however long the disk fails; rejects when the signal aborts. */
  async synced(signal: AbortSignal): Promise<void> {
    while (!(await this.#config.store.synced())) {
      await sleep(SYNC_RETRY_MS, undefined, { signal, ref: false })
    }
  }

  /** Before the end: resolves when what was said is told as sent, or as not; what the disk does not take, as neither. */
  async told(): Promise<void> {
    this.#leaving.abort()
    await this.#config.store.synced()
    while (this.#telling !== undefined) await this.#telling
  }

  /** All of one commit together, and while they are being synced the next gather. */
  async #tellSent(): Promise<void> {
    try {
      // The wire first: handing a sync to the system takes this thread longer than a commit does.
      await endOfTurn()
      while (this.#untold.size > 0) {
        const ids = [...this.#untold.keys()]
        await this.synced(this.#leaving.signal)
        for (const id of ids) this.#tellOf(id)
      }
    } catch {
      // The disk fails, and nobody waits any longer.
    } finally {
      this.#telling = undefined
    }
  }

  #tellOf(id: string): void {
    const { tell } = this.#config
    const { to, deliveredTo } = this.#untold.get(id) ?? { to: [], deliveredTo: [] }
    this.#untold.delete(id)
    tell({ type: 'sent', id, to })
    for (const peer of deliveredTo) tell({ type: 'delivered', id, peer })
  }

  #note(error: Error | undefined): void {
    if (error !== undefined && !this.#failing) this.#tellSoon({ type: 'trouble', error })
    this.#failing = error !== undefined
  }

  /**
   * What is held in answer must not be numbered between two messages of which the store has taken neither: the second
   * would take it back with itself. The store settles all of a commit in one go.
   */
  #tellSoon(event: ConversationEvent): void {
    if (this.#news.push(event) > 1) return
    queueMicrotask(() => {
      for (const each of this.#news.splice(0)) isolated(() => this.#config.tell(each))
    })
  }
}

/** 16 hexadecimal digits. */
const newEpoch = (): string => randomBytes(8).toString('hex')
