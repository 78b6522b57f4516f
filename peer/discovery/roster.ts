// Who is known to be in the room: tells what a listing changes. (pure)
import type { PeerId } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { FoundPeer } from './rendezvous-client.ts'

/** More than any relay of ours lets into a room; a hostile one cannot make us remember more. */
const MAX_MEMBERS = 2000

interface Member {
  peer: PeerId
  sequence: number
  addresses: Multiaddr[]
  /** As one text, to see whether they changed. */
  text: string
}

export class Roster {
  readonly #members = new Map<string, Member>()

  /**
   * Those of the found that are new, or have registered again: with other addresses, or as someone who has left and
   * come back does, with the same ones. Records older than the known are ignored.
   */
  update(found: FoundPeer[]): FoundPeer[] {
    return found.filter((each) => {
      const id = each.peer.toString()
      const known = this.#members.get(id)
      if (known === undefined && this.#members.size >= MAX_MEMBERS) return false
      if (known !== undefined && known.sequence > each.sequence) return false
      const { peer, sequence, addresses } = each
      const text = addresses.join('\n')
      this.#members.set(id, { peer, sequence, addresses, text })
      return known?.text !== text || known.sequence < each.sequence
    })
  }

  /** There is a newer record of that peer's. */
  isOlder({ peer, sequence }: FoundPeer): boolean {
    const known = this.#members.get(peer.toString())
    return known !== undefined && known.sequence > sequence
  }

  /** Those of a complete listing, with the newest addresses. `present` holds peer ids as text. */
  known(present: ReadonlySet<string>): Array<Pick<FoundPeer, 'peer' | 'addresses'>> {
    return [...this.#members].flatMap(([id, member]) => (present.has(id) ? [member] : []))
  }

  /** Forgets and returns those that a complete listing no longer has. `present` holds peer ids as text. */
  retain(present: ReadonlySet<string>): PeerId[] {
    const gone = [...this.#members].filter(([id]) => !present.has(id))
    for (const [id] of gone) this.#members.delete(id)
    return gone.map(([, member]) => member.peer)
  }
}
