// Makes what is committed outlive a power failure, off the thread that talks: SQLite's own way (`synchronous = FULL`)
// would stop everything for each commit, milliseconds on an SSD and a tenth of a second on a memory card.
import { type FileHandle, open } from 'node:fs/promises'

/** One sync at a time; whoever asks meanwhile shares the next. SQLite keeps no locks on its log that this could undo. */
export class DiskSync {
  readonly #file: string
  readonly #onTrouble: (error: unknown) => void
  #handle: FileHandle | undefined
  #running: Promise<void> | undefined
  #next: Promise<void> | undefined
  #closed = false
  /** Something was written that no sync has begun after. */
  #unsynced = true

  /** `file`: the write-ahead log. */
  constructor(file: string, onTrouble: (error: unknown) => void) {
    this.#file = file
    this.#onTrouble = onTrouble
  }

  /** The file was written to. */
  note(): void {
    this.#unsynced = true
  }

  /** Resolves when everything written to the file before the call is on the disk; never rejects. */
  async synced(): Promise<void> {
    if (!this.#unsynced) return this.#running
    if (this.#running === undefined) return this.#start()
    this.#next ??= this.#running.then(async () => this.#start())
    return this.#next
  }

  async close(): Promise<void> {
    this.#closed = true
    await (this.#next ?? this.#running)
    await this.#handle?.close().catch(() => undefined)
  }

  async #start(): Promise<void> {
    this.#next = undefined
    this.#running = this.#sync()
    await this.#running
    // A next one may have been asked for meanwhile: it starts by itself.
    if (this.#next === undefined) this.#running = undefined
  }

  async #sync(): Promise<void> {
    try {
      if (this.#handle === undefined && this.#closed) return
      this.#handle ??= await open(this.#file, 'r+')
      this.#unsynced = false
      await this.#handle.datasync()
    } catch (error) {
      this.#unsynced = true
      this.#onTrouble(error)
    }
  }
}
