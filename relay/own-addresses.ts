// The relay's own addresses as a service of its node: what identify, reservations and the operator are told.
import type { PeerId, Startable } from '@libp2p/interface'
import type { AddressManager, TransportManager } from '@libp2p/interface-internal'
import { multiaddr, type Multiaddr } from '@multiformats/multiaddr'
import { withoutPeer } from '../shared/addresses.ts'
import { bestFirst } from './addresses.ts'

/** Interfaces come and go without an event. */
const RECENT_MS = 5_000

export interface OwnAddressesComponents {
  peerId: PeerId
  addressManager: AddressManager
  transportManager: TransportManager
}

export class OwnAddresses implements Startable {
  readonly #components: OwnAddressesComponents
  readonly #announced: Multiaddr[]
  #recent: { list: Multiaddr[]; untilMs: number } | undefined

  constructor(components: OwnAddressesComponents, announce: readonly string[]) {
    this.#components = components
    this.#announced = announce.map((text) => withoutPeer(multiaddr(text)))
  }

  start(): void {}

  /** A relay stands where it can be reached; left alone, the node waits for others to confirm its public addresses. */
  afterStart(): void {
    this.#recent = undefined
    const { addressManager, transportManager } = this.#components
    for (const address of transportManager.getAddrs()) {
      addressManager.confirmObservedAddr(address, { type: 'transport', ttl: Infinity })
    }
  }

  stop(): void {}

  /** Without the announced ones. */
  listening(): Multiaddr[] {
    const { peerId, transportManager } = this.#components
    return transportManager
      .getAddrs()
      .map((address) => address.encapsulate(`/p2p/${peerId.toString()}`))
  }

  /** Best first, ending in `/p2p/…`; a wildcard stands for every interface there is now. */
  list(): Multiaddr[] {
    const { peerId, transportManager } = this.#components
    const addresses = [...this.#announced, ...transportManager.getAddrs()]
    return bestFirst(addresses, this.#announced).map((address) =>
      address.encapsulate(`/p2p/${peerId.toString()}`)
    )
  }

  /** The list as it was up to 5 s ago, for what happens often: reading the interfaces and sorting takes 90 µs. */
  recent(): Multiaddr[] {
    const nowMs = performance.now()
    if (this.#recent === undefined || nowMs >= this.#recent.untilMs) {
      this.#recent = { list: this.list(), untilMs: nowMs + RECENT_MS }
    }
    return this.#recent.list
  }
}
