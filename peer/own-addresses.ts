// Where this peer can be reached, as far as it knows: what relays see, what the user says, what its router forwards,
// and what its interfaces have.
import { distinct, isRelayed } from '../shared/addresses.ts'
import { startAnnounced } from './announced.ts'
import type { PeerConfig } from './api.ts'
import type { PeerEvent } from './events.ts'
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
  tell: (event: PeerEvent) => void
  /** There is an address now that leads to this peer without a punch. */
  onReachable: () => void
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
  { config, node, transportManager, localEnd, relays, tell, onReachable }: OwnAddressesInit,
  options: { signal: AbortSignal }
): AddressBook {
  const onChange = (): void => {
    relays()?.announce()
    onReachable()
  }
  const onUnresolved = (name: string, why: string): void => {
    const message = `${name}, which you announce, cannot be resolved (${why}): it is tried again`
    tell({ event: 'error', code: 'unresolved-name', message })
  }
  const announce = config.relayedOnly ? [] : config.announce
  const announced = startAnnounced({ announce, onChange, onUnresolved }, options)
  const listening = (): OwnAddresses['listening'] =>
    transportManager.getAddrs().filter((address) => !isRelayed(address))
  const mapped = (): OwnAddresses['mapped'] =>
    distinct([...(relays()?.mapped ?? []), ...(nat?.mapped ?? [])])
  const onState = (state: MappingState): void => {
    relays()?.announce()
    tell({ event: 'port-mapping', ...state })
    if (state.state === 'mapped') onReachable()
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
      announced: [...announced.addresses, ...(mapping?.addresses ?? [])],
      listening: listening(),
      ...(nat?.kind.hairpin !== undefined && { hairpin: nat.kind.hairpin })
    }),
    consider: () => {
      announced.consider()
      mapping?.consider()
      nat?.look()
    },
    async [Symbol.asyncDispose]() {
      await nat?.[Symbol.asyncDispose]()
      await mapping?.[Symbol.asyncDispose]()
      await announced[Symbol.asyncDispose]()
    }
  }
}
