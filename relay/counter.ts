// Counts by key, and forgets a key at zero. (pure)

export class Counter {
  readonly #counts = new Map<string, number>()

  of(key: string): number {
    return this.#counts.get(key) ?? 0
  }

  /** Of the key that has most. */
  get most(): number {
    let most = 0
    for (const count of this.#counts.values()) most = Math.max(most, count)
    return most
  }

  add(key: string): void {
    this.#counts.set(key, this.of(key) + 1)
  }

  remove(key: string): void {
    const count = this.of(key) - 1
    if (count > 0) this.#counts.set(key, count)
    else this.#counts.delete(key)
  }
}
