// What is on a disk as power failures and backups leave it, for tests of what must outlive them.
import assert from 'node:assert/strict'

/** Everything that was committed, one state after the other; a power failure leaves one that is synced, or a later one. */
export class RolledBackDisk<State> {
  #states: State[]
  #synced = 0

  constructor(state: State) {
    this.#states = [state]
  }

  get now(): State {
    return structuredClone(this.#states.at(-1) ?? assert.fail())
  }

  commit(state: State): void {
    this.#states.push(structuredClone(state))
  }

  sync(): void {
    this.#synced = this.#states.length - 1
  }

  /** Keeps what is synced and some of the rest; `share` from 0 to 1. */
  losePower(share: number): void {
    this.#cutTo(
      this.#synced + Math.floor((this.#states.length - this.#synced) * Math.min(share, 0.999))
    )
  }

  restoreBackup(share: number): void {
    this.#cutTo(Math.floor(this.#states.length * Math.min(share, 0.999)))
  }

  #cutTo(last: number): void {
    this.#states.length = last + 1
    this.#synced = last
  }
}
