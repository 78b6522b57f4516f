// Where this peer can be reached, as far as it knows: what relays see, what the user says, what its router forwards,
// and what its interfaces have.
import { multiaddr } from '@multiformats/multiaddr'
import { distinct, isRelayed } from '../shared/addresses.ts'
import type { PeerConfig } from './api.ts'
import { startNatWatch, type NatWatch } from './nat/nat-watch.ts'
import type { Observer } from './nat/survey.ts'
import type { PeerNode } from './node.ts'
import { startPortMapping, type MappingState } from './port-mapping/port-mapping.ts'
import type { Relays } from './relays.ts'
import type { OwnAddresses } from './traversal/candidates.ts'

export interface OwnAddressesInit {
  config: Pick<PeerConfig, 'announce' | 'relayedOnly' | 'portMapping'>
  node: Pick<PeerNode['node'], 'peerId'>
  transportManager: PeerNode['transportManager']
  localEnd: PeerNode['localEnd']
  relays: () => Pick<Relays, 'mapped' | 'observers' | 'announce'> | undefined
  onMapping: (state: MappingState) => void
}

export interface AddressBook extends AsyncDisposable {
  own: () => OwnAddresses
  /** What kind of NAT those addresses are given by; absent when we stay relayed. */
  nat: NatWatch | undefined
  /** A relay may see us elsewhere than before. */
  consider(): void
}

/** Who wants to stay relayed gives nothing away, and has nothing forwarded. */
export function startAddressBook(
  { config, node, transportManager, localEnd, relays, onMapping }: OwnAddressesInit,
  options: { signal: AbortSignal }
): AddressBook {
  const announced = config.announce.map((address) => multiaddr(address))
  const listening = (): OwnAddresses['listening'] =>
    transportManager.getAddrs().filter((address) => !isRelayed(address))
  const mapped = (): OwnAddresses['mapped'] =>
    distinct([...(relays()?.mapped ?? []), ...(nat?.mapped ?? [])])
  const onState = (state: MappingState): void => {
    relays()?.announce()
    onMapping(state)
  }
  const observers = (): Observer[] => relays()?.observers ?? []
  const onMapped = (): void => {
    relays()?.announce()
    mapping?.consider()
  }
  const watched = { self: node.peerId, observers, listening, localEnd, onMapped }
  const nat = config.relayedOnly ? undefined : startNatWatch(watched, options)
  const mayMap = config.portMapping === true && !config.relayedOnly
  const mapping = mayMap ? startPortMapping({ mapped, listening, onState }, options) : undefined
  return {
    nat,
    own: () => ({
      mapped: mapped(),
      announced: [...announced, ...(mapping?.addresses ?? [])],
      listening: listening(),
      ...(nat?.kind.hairpin !== undefined && { hairpin: nat.kind.hairpin })
    }),
    consider: () => {
      mapping?.consider()
      nat?.look()
    },
    async [Symbol.asyncDispose]() {
      await nat?.[Symbol.asyncDispose]()
      await mapping?.[Symbol.asyncDispose]()
    }
  }
}
