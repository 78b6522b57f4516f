// Makes what is committed outlive a power failure, off the thread that talks: SQLite's own way (`synchronous = FULL`)
// would stop everything for each commit, milliseconds on an SSD and a tenth of a second on a memory card.
import { type FileHandle, open } from 'node:fs/promises'

export interface DiskSyncOptions {
  /** Told once until it works again. */
  onTrouble: (error: unknown) => void
  /** Default: of the system. */
  open?: (file: string) => Promise<Pick<FileHandle, 'datasync' | 'close'>>
}

/** One sync at a time; whoever asks meanwhile shares the next. SQLite keeps no locks on its log that this could undo. */
export class DiskSync {
  readonly #file: string
  readonly #onTrouble: (error: unknown) => void
  readonly #open: NonNullable<DiskSyncOptions['open']>
  #handle: Pick<FileHandle, 'datasync' | 'close'> | undefined
  #running: Promise<boolean> | undefined
  #next: Promise<boolean> | undefined
  #closed = false
  /** Something was written that no sync has begun after. */
  #unsynced = true
  #failing = false

  /** `file`: the write-ahead log. */
  constructor(file: string, { onTrouble, open: openFile }: DiskSyncOptions) {
    this.#file = file
    this.#onTrouble = onTrouble
    this.#open = openFile ?? (async (name) => open(name, 'r+'))
  }

  /** The file was written to. */
  note(): void {
    this.#unsynced = true
  }

  /** Resolves to whether everything written to the file before the call is on the disk now; never rejects. */
  async synced(): Promise<boolean> {
    if (!this.#unsynced) return this.#running ?? true
    if (this.#running === undefined) return this.#start()
    this.#next ??= this.#running.then(async () => this.#start())
    return this.#next
  }

  async close(): Promise<void> {
    this.#closed = true
    await (this.#next ?? this.#running)
    await this.#handle?.close().catch(() => undefined)
  }

  async #start(): Promise<boolean> {
    this.#next = undefined
    const running = this.#sync()
    this.#running = running
    const works = await running
    // A next one may have been asked for meanwhile: it starts by itself.
    if (this.#next === undefined) this.#running = undefined
    return works
  }

  async #sync(): Promise<boolean> {
    try {
      if (this.#handle === undefined && this.#closed) return false
      this.#handle ??= await this.#open(this.#file)
      this.#unsynced = false
      await this.#handle.datasync()
      this.#failing = false
      return true
    } catch (error) {
      this.#unsynced = true
      if (!this.#failing) this.#onTrouble(error)
      this.#failing = true
      return false
    }
  }
}
