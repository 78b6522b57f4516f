// How many dials may go to one host in a minute, and to all together, whoever names it. Identities cost nothing: what a
// relay or a member makes us dial is bounded by where it goes. (pure: time is an argument)
import type { Multiaddr } from '@multiformats/multiaddr'
import { tcpEndpoint } from '../../shared/addresses.ts'
import { ip6Network } from '../../shared/ip6.ts'
import { PerMinute } from '../per-minute.ts'

export class DialBudget {
  readonly #byHost: PerMinute
  readonly #all: PerMinute

  /** In a minute. */
  constructor({ perHost, all }: { perHost: number; all: number }) {
    this.#byHost = new PerMinute(perHost)
    this.#all = new PerMinute(all)
  }

  /** Takes one dial to that address, unless there were too many. */
  take(address: Multiaddr, nowMs: number): boolean {
    return this.#byHost.take(hostOf(address), nowMs) && this.#all.take('all', nowMs)
  }
}

/** Whoever has one IPv6 address has its whole /64. */
function hostOf(address: Multiaddr): string {
  const { host = '', family } = tcpEndpoint(address) ?? {}
  return family === 6 ? ip6Network(host) : host
}
