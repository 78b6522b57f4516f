// Keeps the books and the history in one SQLite file: what is written in one go is one commit.
import type { DatabaseSync } from 'node:sqlite'
import type { IncomingState } from '../conversation/incoming-ledger.ts'
import type { OutgoingState } from '../conversation/outgoing-ledger.ts'
import { DiskSync } from './disk-sync.ts'
import { openDatabase } from './open-database.ts'
import { readHistory, readIncoming, readOutgoing } from './rows.ts'
import { Statements } from './statements.ts'
import type { Change, HistoryLine, HistoryQuery, Store } from './store.ts'
import { MAX_WAITING_MS } from './store.ts'
import { prune, PRUNE_EVERY } from './prune.ts'
import { storeError } from './store-errors.ts'

export interface SqliteStoreOptions {
  /** Something that the user should know, and that stopped nothing: `code` and a sentence. */
  onTrouble: (trouble: { code: string; message: string }) => void
  /** Milliseconds since 1970. */
  now?: () => number
}

/** Opens `file`, making it when there is none; reads of its own are `readHistoryFile`'s. Throws a UserError. */
export function openStore(file: string, options: SqliteStoreOptions): Store {
  const now = options.now ?? Date.now
  const { database, setAside, copied } = openDatabase(file, now())
  if (copied !== undefined) {
    const message = `the log of the database ${file} was damaged: both are kept as they were as ${copied}, what could be read is in use, and messages that waited in the rest are not sent by themselves`
    options.onTrouble({ code: 'store-corrupt', message })
  }
  if (setAside !== undefined) {
    const message = `the database ${file} was damaged: it is kept as ${setAside}, and a new one was begun, so messages that waited there are not sent by themselves`
    options.onTrouble({ code: 'store-corrupt', message })
  }
  try {
    const store = new SqliteStore(file, database, { ...options, now })
    store.begin()
    return store
  } catch (error) {
    database.close()
    throw storeError(file, error)
  }
}

interface Write {
  changes: readonly Change[]
  done: (error?: Error) => void
}

class SqliteStore implements Store {
  readonly #file: string
  readonly #database: DatabaseSync
  readonly #statements: Statements
  readonly #options: Required<SqliteStoreOptions>
  readonly #sync: DiskSync
  #queue: Write[] = []
  #scheduled = false
  #flushing = false
  #unpruned = { messages: 0, bytes: 0 }
  #syncTold = false

  constructor(file: string, database: DatabaseSync, options: Required<SqliteStoreOptions>) {
    this.#file = file
    this.#database = database
    this.#statements = new Statements(database)
    this.#options = options
    this.#sync = new DiskSync(`${file}-wal`, (error) => this.#tellOfSync(error))
  }

  /** What time has done since the last run. */
  begin(): void {
    const given = this.#inTransaction(() => this.#expire())
    this.#prune()
    for (const { peer, messages } of given) {
      const what = messages === 1 ? 'a message' : `${messages} messages`
      const days = MAX_WAITING_MS / (24 * 3_600_000)
      const message = `${what} to ${peer} waited for ${days} days and will not be delivered`
      this.#options.onTrouble({ code: 'expired', message })
    }
  }

  outgoing(peer: string): OutgoingState | undefined {
    return this.#read(() => readOutgoing(this.#statements, peer))
  }

  incoming(peer: string): IncomingState | undefined {
    return this.#read(() => readIncoming(this.#statements, peer))
  }

  /** Reads past what is still to be written: who asks about a peer has awaited what it wrote about that one. */
  has(peer: string, id: string): boolean {
    try {
      return this.#statements.all('has', peer, id).length > 0
    } catch (error) {
      throw storeError(this.#file, error)
    }
  }

  history(query: HistoryQuery): HistoryLine[] {
    return this.#read(() => readHistory(this.#statements, query))
  }

  write(changes: readonly Change[], done: (error?: Error) => void): void {
    this.#queue.push({ changes, done })
    if (this.#scheduled) return
    this.#scheduled = true
    // A small commit takes 15 µs; waiting until the turn's other events have been served takes longer.
    queueMicrotask(() => {
      this.#scheduled = false
      this.flush()
    })
  }

  async synced(): Promise<void> {
    this.flush()
    await this.#sync.synced()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#database.isOpen) return
    this.flush()
    await this.#sync.close()
    // Takes the log over and removes it.
    if (this.#database.isOpen) this.#database.close()
  }

  flush(): void {
    const writes = this.#queue
    // What is written while these are being told of must come after all of them have been.
    if (writes.length === 0 || this.#flushing) return
    this.#queue = []
    this.#flushing = true
    let failure: Error | undefined
    try {
      this.#inTransaction(() => {
        for (const { changes } of writes) for (const change of changes) this.#apply(change)
      })
      this.#sync.note()
    } catch (error) {
      failure = storeError(this.#file, error)
    }
    for (const { done } of writes) done(failure)
    this.#flushing = false
    const { messages, bytes } = this.#unpruned
    if (messages >= PRUNE_EVERY.messages || bytes >= PRUNE_EVERY.bytes) this.#prune()
  }

  #inTransaction<T>(work: () => T): T {
    this.#statements.run('begin')
    try {
      const result = work()
      this.#statements.run('commit')
      return result
    } catch (error) {
      // A full disk has rolled it back already.
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
      throw error
    }
  }

  #apply(change: Change): void {
    const { run } = this.#statements
    switch (change.kind) {
      case 'sent':
        return this.#sent(change)
      case 'received':
        return this.#received(change)
      case 'acknowledged':
        run('met', change.peer)
        run('acknowledge', change.peer, change.received)
        run('settle', change.peer, change.received, change.atMs)
        return undefined
      case 'gaveUp':
        run('acknowledge', change.peer, change.seq)
        run('giveUp', change.peer, change.seq)
        return undefined
      case 'renumbered':
        // That this was acknowledged may have found the disk full; the numbers would differ from the ledger's.
        run('acknowledge', change.peer, change.acknowledged)
        run('giveUp', change.peer, change.acknowledged)
        run('renumberMessages', change.peer)
        run('renumber', change.peer, change.epoch)
        return undefined
      default:
        return change satisfies never
    }
  }

  #sent({ message, name, to }: Extract<Change, { kind: 'sent' }>): void {
    const { run } = this.#statements
    const { id, room = null, sentAtMs, text } = message
    this.#count(text)
    const number = run('addMessage', id, null, name, room, sentAtMs, sentAtMs, text)
    for (const { peer, epoch, seq, onWire } of to) {
      // The first message to that peer: later ones find their epoch there.
      run('addOutgoing', peer, epoch, seq - 1)
      if (onWire !== undefined) run('setOnWire', peer, onWire)
      run('addDelivery', number, peer, seq)
    }
  }

  #received(change: Extract<Change, { kind: 'received' }>): void {
    const { peer, name = null, messages, books, atMs } = change
    const { run } = this.#statements
    for (const { id, room = null, sentAtMs, text } of messages) {
      this.#count(text)
      run('addMessage', id, peer, name, room, sentAtMs, atMs, text)
    }
    if (books === undefined) return
    run('setIncoming', peer, books.epoch, books.received, books.past.join(' '), atMs)
  }

  #count(text: string): void {
    this.#unpruned.messages++
    this.#unpruned.bytes += Buffer.byteLength(text)
  }

  #read<T>(read: () => T): T {
    this.flush()
    try {
      return read()
    } catch (error) {
      throw storeError(this.#file, error)
    }
  }

  #expire(): Array<{ peer: string; messages: number }> {
    const { all, run } = this.#statements
    return all('expired', this.#options.now() - MAX_WAITING_MS).map(({ peer, seq, messages }) => {
      run('acknowledge', String(peer), Number(seq))
      run('giveUp', String(peer), Number(seq))
      return { peer: String(peer), messages: Number(messages) }
    })
  }

  /** What is too old or too much goes; that this fails on a full disk must not stop anything. */
  #prune(): void {
    this.#unpruned = { messages: 0, bytes: 0 }
    try {
      this.#inTransaction(() => prune(this.#statements, this.#options.now()))
    } catch (error) {
      const { code, message } = storeError(this.#file, error)
      this.#options.onTrouble({ code, message })
    }
  }

  #tellOfSync(error: unknown): void {
    if (this.#syncTold) return
    this.#syncTold = true
    const { code, message } = storeError(this.#file, error)
    this.#options.onTrouble({ code, message })
  }
}
