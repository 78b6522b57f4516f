// Where a relay is, as far as we know: no candidate of a peer's leads there, or we would punch at the relay.
import type { Multiaddr } from '@multiformats/multiaddr'
import { distinct, withoutPeer } from '../../shared/addresses.ts'
import { RecentMap } from '../../shared/recent-map.ts'
import { addressesOfName, type ResolveName } from '../named-address.ts'

/** A name leads to a few addresses, and to others after a while. */
const MAX_FOUND = 16

/** As many as an honest relay announces. */
const MAX_TOLD = 16

export class RelayEndpoints {
  readonly #named: Multiaddr
  readonly #resolve: ResolveName | undefined
  readonly #found = new RecentMap<string, Multiaddr>(MAX_FOUND)
  #told: readonly Multiaddr[] = []

  constructor(named: Multiaddr, resolve?: ResolveName) {
    this.#named = withoutPeer(named)
    this.#resolve = resolve
  }

  /** Without `/p2p/…`. */
  get all(): Multiaddr[] {
    return distinct([this.#named, ...this.#found.values(), ...this.#told])
  }

  /** It has answered there. Resolves when it is known where else its name leads. Never rejects. */
  async answered(at: Multiaddr): Promise<void> {
    this.#add([at])
    this.#add(await addressesOfName(this.#named, this.#resolve).catch(() => []))
  }

  /** What it says of itself now. */
  says(addresses: readonly Multiaddr[]): void {
    this.#told = addresses.slice(0, MAX_TOLD).map(withoutPeer)
  }

  #add(addresses: readonly Multiaddr[]): void {
    for (const address of addresses.map(withoutPeer)) this.#found.set(address.toString(), address)
  }
}
