// How the people of a room are called in what is printed: a name where it is unmistakable, else with a piece
// of the peer id, so that nobody can pass for another by taking a name. (pure)
import { foldedName, harmlessName } from '../../shared/harmless.ts'

export const MAX_NAME_BYTES = 64
const SHORT_CHARS = 8

/** The end of a peer id, where ids differ: `…dWrfUW8T`. */
export const shortPeer = (peer: string): string => `…${peer.slice(-SHORT_CHARS)}`

/** More than any room has; beyond it those known longest are forgotten, so that strangers cannot fill memory. */
const MAX_KNOWN = 2000

interface Known {
  name: string
  here: boolean
}

/** Knows who is there; `of` gives what to print for one of them. */
export class Labels {
  readonly #known = new Map<string, Known>()

  /** Remembers a peer, the own one included; a name that is missing or invisible changes nothing. */
  learn(peer: string, name: string | undefined): void {
    // Whoever has no name to give says the end of its id, which nobody else may.
    const shown = name === shortPeer(peer) ? name : harmlessName(name ?? '', MAX_NAME_BYTES)
    const before = this.#known.get(peer)?.name ?? shortPeer(peer)
    this.#known.set(peer, { name: shown === '' ? before : shown, here: true })
    const [oldest] = this.#known.keys()
    if (this.#known.size > MAX_KNOWN && oldest !== undefined) this.#known.delete(oldest)
  }

  /** The name is free for others now, and still tells who it was. */
  leave(peer: string): void {
    const known = this.#known.get(peer)
    if (known !== undefined) known.here = false
  }

  of(peer: string): string {
    const name = this.#known.get(peer)?.name ?? shortPeer(peer)
    if (name === shortPeer(peer)) return name
    const folded = foldedName(name)
    const taken = [...this.#known].some(
      ([other, theirs]) => other !== peer && theirs.here && foldedName(theirs.name) === folded
    )
    return taken ? `${name} (${shortPeer(peer)})` : name
  }
}
