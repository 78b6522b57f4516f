// A small disk of its own for one state folder, which can be filled to the last byte.

import { open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { run } from '../machine.ts'

const BLOCK_BYTES = 4096

export class Disk implements AsyncDisposable {
  readonly #folder: string
  readonly #ballast: string

  private constructor(folder: string) {
    this.#folder = folder
    this.#ballast = join(folder, 'ballast')
  }

  /** A tmpfs over an empty folder: what runs in the box sees it there, and nobody else. */
  static async mount(folder: string, kib: number): Promise<Disk> {
    await run('mount', ['-t', 'tmpfs', '-o', `size=${kib}k`, 'tmpfs', folder])
    return new Disk(folder)
  }

  /** Nothing can be written any more that needs another block. */
  async fill(): Promise<void> {
    await using file = await open(this.#ballast, 'a')
    try {
      for (;;) await file.write(Buffer.alloc(BLOCK_BYTES))
    } catch (error) {
      if (!isFull(error)) throw error
    }
  }

  /** What filled it is gone. */
  async free(): Promise<void> {
    await rm(this.#ballast, { force: true })
  }

  /** Once nothing runs any more that has a file open there. */
  async [Symbol.asyncDispose](): Promise<void> {
    await run('umount', [this.#folder])
  }
}

function isFull(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOSPC'
}
