// A table that remembers so many keys and no more. (pure)

/** In the order in which they were set last; beyond its size the one that was set longest ago is forgotten. */
export class RecentMap<Key, Value> extends Map<Key, Value> {
  readonly #maxKeys: number

  constructor(maxKeys: number) {
    super()
    this.#maxKeys = maxKeys
  }

  override set(key: Key, value: Value): this {
    this.delete(key)
    super.set(key, value)
    for (const oldest of this.keys()) {
      if (this.size <= this.#maxKeys) break
      this.delete(oldest)
    }
    return this
  }
}
