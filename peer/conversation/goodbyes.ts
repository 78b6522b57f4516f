// Which goodbye of a peer counts: the network may bring that of a connection that is long replaced.

/** A stream of a peer that has said HELLO, until it ends. */
export interface Voice {
  /** The peer has left since, on this stream or on a younger one: what still comes here was on its way. */
  over: boolean
}

export class Goodbyes {
  /** Those that have not ended, oldest first: as many as streams are open. */
  readonly #voices = new Map<string, Voice[]>()

  /** The peer has said HELLO on another stream. */
  begin(peer: string): Voice {
    const voice = { over: false }
    this.#voices.set(peer, [...(this.#voices.get(peer) ?? []), voice])
    return voice
  }

  end(peer: string, voice: Voice): void {
    const left = (this.#voices.get(peer) ?? []).filter((other) => other !== voice)
    if (left.length > 0) this.#voices.set(peer, left)
    else this.#voices.delete(peer)
  }

  /** The peer said BYE there. False when it has begun a younger stream, which is still open: it has come back since. */
  leave(peer: string, voice: Voice): boolean {
    const voices = this.#voices.get(peer) ?? []
    if (voices.at(-1) !== voice) return false
    for (const each of voices) each.over = true
    return true
  }
}
