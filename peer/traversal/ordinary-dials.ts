// Dials without a punch: all of a peer's reachable candidates at once, and never too many over all peers.
import type { Connection } from '@libp2p/interface'
import { multiaddr, type Multiaddr } from '@multiformats/multiaddr'
import { DialBudget } from './dial-budget.ts'
import type { TransportDial } from './punch.ts'

/** An ordinary dial that takes longer has lost against the punch anyway. */
const TIMEOUT_MS = 3_000

/** At once, over all peers: members whom a relay or somebody invented must not make us flood others. */
export const MAX_ORDINARY_DIALS = 32

/** A room full of members on one machine, twice; a host that is none of theirs gets four SYNs a second. */
const MAX_DIALS_PER_HOST_AND_MINUTE = 256
const MAX_DIALS_PER_MINUTE = 1024

export class OrdinaryDials {
  readonly #dial: TransportDial
  readonly #budget = new DialBudget({
    perHost: MAX_DIALS_PER_HOST_AND_MINUTE,
    all: MAX_DIALS_PER_MINUTE
  })
  #underWay = 0

  constructor(dial: TransportDial) {
    this.#dial = dial
  }

  /** The first connection stands, the other dials are called off. Undefined when none came about. */
  async first(
    peer: string,
    candidates: readonly Multiaddr[],
    outer: AbortSignal
  ): Promise<Connection | undefined> {
    const places = Math.max(0, MAX_ORDINARY_DIALS - this.#underWay)
    const attempts = candidates
      .slice(0, places)
      .filter((candidate) => this.#budget.take(candidate, performance.now()))
      .map((candidate) => this.#attempt(peer, candidate, outer))
    const won = attempts.map(async ({ won: connection }) => connection)
    const first = await Promise.any(won).catch(() => undefined)
    for (const { controller } of attempts) {
      if (controller !== first?.controller) controller.abort()
    }
    return first?.connection
  }

  #attempt(
    peer: string,
    candidate: Multiaddr,
    outer: AbortSignal
  ): {
    controller: AbortController
    won: Promise<{ controller: AbortController; connection: Connection }>
  } {
    const controller = new AbortController()
    const signal = AbortSignal.any([outer, controller.signal, AbortSignal.timeout(TIMEOUT_MS)])
    const target = multiaddr(`${candidate.toString()}/p2p/${peer}`)
    this.#underWay += 1
    const won = this.#dial(target, { signal, source: 'ephemeral' })
      .finally(() => (this.#underWay -= 1))
      .then((connection) => ({ controller, connection }))
    return { controller, won }
  }
}
