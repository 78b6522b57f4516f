// The two ends of the relay's own self-check: neither limits nor snapshots count them, so that a full relay knows that
// it still relays, and takes no place from anybody to find out.
import { Books } from './books.ts'
import { LIMITS, type LimitName, type RelayLimits } from './limits.ts'

/** Of our two, and of others of the same host who come in the 30 ms of a check, and must not take their places. */
const CONNECTIONS_OF_A_CHECK = 16

/** How many others there are, and how much they ask for, says nothing about whether a circuit carries bytes. */
const EXEMPT = [
  'reservations',
  'reservations-per-host',
  'circuits',
  'circuits-per-peer',
  'circuits-per-host',
  'hop-rate-per-peer',
  'hop-rate-per-host',
  'circuit-bytes-per-second',
  'bytes-per-second'
] as const satisfies LimitName[]

export class OwnEnds {
  /** Peer ids. */
  readonly peers = new Set<string>()
  #expected: { host: string; connections: number } | undefined
  #books: Books | undefined

  /** Connections of a check that is about to dial come from that host, until the returned function is called. */
  expect(host: string): () => void {
    const expected = { host, connections: CONNECTIONS_OF_A_CHECK }
    this.#expected = expected
    return () => {
      if (this.#expected === expected) this.#expected = undefined
    }
  }

  /**
   * True for a connection that may be one of ours; who it is shows only after the handshake, and whoever is not has to
   * pass the door then.
   */
  arrives(host: string): boolean {
    if (this.#expected?.host !== host || this.#expected.connections === 0) return false
    this.#expected.connections--
    return true
  }

  /** Books of their own, with the limits of the relay's as far as they concern a single circuit. */
  books({ limits }: Books): Books {
    const exempted: RelayLimits = { ...limits }
    for (const name of EXEMPT) exempted[name] = LIMITS[name].max
    this.#books ??= new Books(exempted)
    this.#books.reload(exempted)
    return this.#books
  }

  /** The peer has disconnected. */
  release(peer: string): void {
    this.#books?.admission.release(peer)
  }
}
