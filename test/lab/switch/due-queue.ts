// Frames in the order in which they are due; frames due at the same time leave in the order they came.
// Pure: a binary heap.

interface Entry<T> {
  dueMs: number
  turn: number
  item: T
}

export class DueQueue<T> {
  readonly #heap: Entry<T>[] = []
  #turns = 0

  push(dueMs: number, item: T): void {
    const entry = { dueMs, turn: this.#turns++, item }
    let at = this.#heap.push(entry) - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (before(this.#heap[parent]!, entry)) break
      this.#heap[at] = this.#heap[parent]!
      at = parent
    }
    this.#heap[at] = entry
  }

  /** When the first item is due, in the caller's milliseconds. */
  nextMs(): number | undefined {
    return this.#heap[0]?.dueMs
  }

  /** Removes the first item if it is due. */
  take(nowMs: number): T | undefined {
    const first = this.#heap[0]
    if (first === undefined || first.dueMs > nowMs) return undefined
    const last = this.#heap.pop()!
    if (last !== first) this.#sink(last)
    return first.item
  }

  #sink(entry: Entry<T>): void {
    const heap = this.#heap
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child++
      if (before(entry, heap[child]!)) break
      heap[at] = heap[child]!
      at = child
    }
    heap[at] = entry
  }
}

function before<T>(a: Entry<T>, b: Entry<T>): boolean {
  return a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.turn < b.turn)
}
