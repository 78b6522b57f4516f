// Lets pieces of asynchronous work run one after the other, in the order they were handed in.

export class Turns {
  #last: Promise<unknown> = Promise.resolve()

  /** Settles as the work does; a failure does not stop those behind it. */
  async take<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work)
    this.#last = turn.catch(() => undefined)
    return turn
  }
}
