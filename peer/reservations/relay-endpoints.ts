// Where a relay is: what is certain, so that no candidate of a peer's leads there and we punch at the relay, and what
// the relay says of itself besides.
import type { Multiaddr } from '@multiformats/multiaddr'
import { distinct, tcpEndpoint, withoutPeer } from '../../shared/addresses.ts'
import { deadline } from '../../shared/deadline.ts'
import { RecentMap } from '../../shared/recent-map.ts'
import { addressesOfName, type ResolveName } from '../named-address.ts'
import { unlessAborted } from '../unless-aborted.ts'

/** A name leads to a few addresses, and to others after a while; so does a relay answer at a few. */
const MAX_FOUND = 16

/** As many as an honest relay announces. */
const MAX_TOLD = 16

/** The system looks names up for as long as it likes, and no signal ends it. */
const NAME_MS = 5_000

export class RelayEndpoints {
  readonly #named: Multiaddr
  readonly #resolve: ResolveName | undefined
  readonly #answered = new RecentMap<string, Multiaddr>(MAX_FOUND)
  readonly #resolved = new RecentMap<string, Multiaddr>(MAX_FOUND)
  #told: readonly Multiaddr[] = []

  constructor(named: Multiaddr, resolve?: ResolveName) {
    this.#named = withoutPeer(named)
    this.#resolve = resolve
  }

  /** All that is known, the relay's own word included. Without `/p2p/…`. */
  get all(): Multiaddr[] {
    return distinct([...this.#found, ...this.#told])
  }

  /**
   * Where it is: as the user named it, what that name leads to, where it has answered, and what it says of the hosts at
   * which it has. On a host that it shares with a member, behind one public address, it can say so of the member's port,
   * and keep that path relayed. Elsewhere its word alone counts for nothing, or a relay that calls somebody's address its
   * own would do so to anybody; and the address of a relay that nobody has seen there is as safe from a peer's
   * candidates as anybody's, by the caps on dials. A name does not make a host the relay's: its owner says what it
   * leads to, and would choose host and port.
   */
  get certain(): Multiaddr[] {
    const hosts = new Set([...this.#answered.values()].map(hostOf))
    return distinct([...this.#found, ...this.#told.filter((each) => hosts.has(hostOf(each)))])
  }

  /** It has answered there. Resolves when it is known where else its name leads, in some seconds at most. Never rejects. */
  async answered(at: Multiaddr, { signal }: { signal: AbortSignal }): Promise<void> {
    add(this.#answered, [at])
    using soon = deadline(signal, NAME_MS, 'the name of the relay leads nowhere in time')
    const leads = unlessAborted(addressesOfName(this.#named, this.#resolve), soon.signal)
    add(this.#resolved, await leads.catch(() => []))
  }

  /** It reflects there: on other ports of a host at which it has answered, or where it has signed that it does. */
  reflects(places: readonly Multiaddr[]): void {
    add(this.#answered, places)
  }

  /** What it says of itself now. */
  says(addresses: readonly Multiaddr[]): void {
    this.#told = addresses.slice(0, MAX_TOLD).map(withoutPeer)
  }

  get #found(): Multiaddr[] {
    return [this.#named, ...this.#answered.values(), ...this.#resolved.values()]
  }
}

function add(to: RecentMap<string, Multiaddr>, addresses: readonly Multiaddr[]): void {
  for (const address of addresses.map(withoutPeer)) to.set(address.toString(), address)
}

const hostOf = (address: Multiaddr): string | undefined => tcpEndpoint(address)?.host
