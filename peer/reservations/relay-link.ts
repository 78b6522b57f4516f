// Keeps this peer reachable through one relay: connected from the listening port, identified, reserved, renewed in
// time, and again after every loss, for as long as it runs.
import type { Connection, Libp2p } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import { withoutPeer } from '../../shared/addresses.ts'
import { parseRelayAddress, type RelayAddress } from '../../shared/relay-address.ts'
import type { Secret } from '../../shared/secrets.ts'
import { ACCESS_PROTOCOL } from '../../shared/wire/access.ts'
import { circuitStatusName } from '../../shared/wire/circuit.ts'
import type { RelayStatus } from '../api.ts'
import { Delay } from '../delay.ts'
import { closesWithin } from './closing.ts'
import { enter, isDenied, renew } from './entry.ts'
import type { Granted } from './hop-client.ts'
import {
  failuresAfter,
  renewalRetryMs,
  reservationPlan,
  retryMs,
  type ReservationPlan
} from './plan.ts'
import { relayAddresses } from './relay-addresses.ts'
import { RelayEndpoints } from './relay-endpoints.ts'
import { RelayDialler } from './relay-dialler.ts'
import { refusal, relayFailure, type RelayFailure } from './relay-failures.ts'
import { ReservationError } from './reservation-error.ts'
import type { ProofOptions } from './secret-proof.ts'

export interface RelayLinkInit {
  node: Libp2p
  /** A relay's multiaddr; without `/p2p/…` whoever answers there is the relay. */
  relay: string
  /** There is a connection, and a reservation is about to be asked for on it. */
  onConnection?: (connection: Connection) => void
  /** After every change. `reserved` again when a renewed reservation has other limits. */
  onState: (status: RelayStatus) => void
  /** For a relay that wants one. */
  secrets?: readonly Secret[]
}

export interface RelayLink extends AsyncDisposable {
  /** As the user named it. */
  readonly address: Multiaddr
  /** The relay's: as named, or of who answered last; undefined before anybody has. */
  readonly peerId: string | undefined
  readonly status: RelayStatus
  /** Our address as this relay sees it, from the listening port; known from the first identify on. */
  readonly mapped: Multiaddr | undefined
  /** The connection that our reservation is on, while both stand. */
  readonly connection: Connection | undefined
  /** Where we can dial others through, while the reservation stands: `…/p2p/RELAY/p2p-circuit`. */
  readonly circuit: Multiaddr | undefined
  /** Where others can dial us through, the likeliest first: the same relay by all of its addresses. */
  readonly circuits: Multiaddr[]
  /** Where it is, by name and IP address, as far as is known; also while there is no connection. */
  readonly endpoints: RelayEndpoints
  /** Resolves with the first reservation, however many tries that takes; rejects when stopped before. */
  readonly ready: Promise<void>
  /** Leaves at most so much of the pause before the next try, unless the relay has refused us. */
  hurry(withinMs: number): void
  /** The relay has said that it stops, and what it relays so long after that: nobody is to be led through it any more. */
  leaving(withinMs: number): void
  /** Renews the reservation now, if there is one: while the machine slept, it may have ended. */
  renew(): void
}

type Ending = RelayFailure & { state: 'refused' | 'lost'; heldMs: number }

interface NotRenewed {
  granted: false
  why: string
  /** We are not let in any more. */
  denied: boolean
}

/** A relay that still answers so long after it was to end has not stopped: it is asked for our place again. */
const STAYED_MS = 10_000

const CLOSED = 'the connection to the relay closed'
const SHUT_DOWN = 'the relay has shut down'
const NOT_RENEWED = 'the relay did not renew the reservation'

/** Throws UsageError when that is no relay's address. */
export function startRelayLink(init: RelayLinkInit, options: { signal: AbortSignal }): RelayLink {
  return new RunningLink(init, parseRelayAddress(init.relay), options.signal)
}

class RunningLink implements RelayLink {
  readonly address: Multiaddr
  readonly endpoints: RelayEndpoints
  readonly ready: Promise<void>
  peerId: string | undefined
  status: RelayStatus
  mapped: Multiaddr | undefined
  connection: Connection | undefined
  readonly #init: RelayLinkInit
  readonly #dialler: RelayDialler
  readonly #pause = new Delay()
  readonly #renewal = new Delay()
  readonly #stopped = new AbortController()
  readonly #signal: AbortSignal
  readonly #first = Promise.withResolvers<void>()
  readonly #running: Promise<void>
  /** The relay's addresses, as it says. */
  #told: Multiaddr[] = []

  constructor(init: RelayLinkInit, { address, peerId }: RelayAddress, signal: AbortSignal) {
    this.#init = init
    this.address = address
    this.peerId = peerId?.toString()
    this.status = this.#statusNow('connecting')
    this.#dialler = new RelayDialler(init.node, address)
    this.endpoints = new RelayEndpoints(address)
    this.#signal = AbortSignal.any([signal, this.#stopped.signal])
    this.ready = this.#first.promise
    this.ready.catch(() => undefined) // whoever waits for it hears of it; nobody has to
    this.#running = this.#keep()
  }

  get circuit(): Multiaddr | undefined {
    if (this.connection === undefined || this.peerId === undefined || this.#leaves) return undefined
    return circuitThrough(withoutPeer(this.address), this.peerId)
  }

  get circuits(): Multiaddr[] {
    const { connection, peerId } = this
    if (connection === undefined || peerId === undefined || this.#leaves) return []
    const known = { peerId, dialled: this.address, told: this.#told }
    return relayAddresses(known).map((address) => circuitThrough(address, peerId))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped.abort(new Error('the link to the relay stops'))
    await this.#running
    this.#dialler[Symbol.dispose]()
  }

  hurry(withinMs: number): void {
    if (this.status.state !== 'refused') this.#pause.atMost(withinMs)
  }

  leaving(withinMs: number): void {
    if (this.connection === undefined) return
    this.status = { ...this.status, endsAtMs: Date.now() + withinMs }
    this.#renewal.atMost(withinMs + STAYED_MS)
  }

  renew(): void {
    this.#renewal.atMost(0)
  }

  /** Never rejects: whatever happens at a relay is a reason to try again. */
  async #keep(): Promise<void> {
    for (let failures = 0; !this.#signal.aborted;) {
      const { state, message: reason, heldMs } = await this.#serve()
      if (this.#signal.aborted) break
      failures = failuresAfter(failures, heldMs)
      const pauseMs = retryMs(failures, { refused: state === 'refused' }, Math.random())
      this.#tell(state, { reason, retryAtMs: Date.now() + pauseMs })
      await this.#pause.wait(pauseMs, { signal: this.#signal }).catch(() => undefined) // stopped: the loop ends
    }
    this.#first.reject(this.#signal.reason)
  }

  /** From the dial to the loss. Never rejects. */
  async #serve(): Promise<Ending> {
    let reservedAtMs: number | undefined
    const heldMs = (): number => (reservedAtMs === undefined ? 0 : performance.now() - reservedAtMs)
    try {
      this.#tell('connecting')
      const connection = await this.#dialler.connect(this.#signal)
      this.peerId = connection.remotePeer.toString()
      void this.endpoints.answered(connection.remoteAddr, { signal: this.#signal })
      this.#init.onConnection?.(connection)
      const answer = await this.#introduce(connection)
      if (!answer.granted) {
        const wantsSecret = await this.#dialler.speaks(connection, ACCESS_PROTOCOL, this.#signal)
        const about = { ...answer, wantsSecret, self: this.#init.node.peerId.toString() }
        return { ...refusal(this.#named, about), state: 'refused', heldMs: 0 }
      }
      reservedAtMs = performance.now()
      this.connection = connection
      const message = await this.#hold(connection, answer)
      return { code: 'relay-lost', message, state: 'lost', heldMs: heldMs() }
    } catch (error) {
      const failure = relayFailure(this.#named, error)
      return { ...failure, state: 'lost', heldMs: heldMs() }
    } finally {
      this.connection = undefined
    }
  }

  /** Reservation and mapped address in one round trip. */
  async #introduce(connection: Connection): ReturnType<typeof enter> {
    const mapped = this.#dialler.mapped(connection, this.#signal)
    try {
      const answer = await enter(connection, this.#asking)
      this.mapped = (await mapped) ?? this.mapped
      return answer
    } catch (error) {
      // Nothing of ours depends on this connection, and it may be as dead as it looks: the next try has a new one.
      if (error instanceof ReservationError && error.fault !== 'no-hop') connection.abort(error)
      throw error
    }
  }

  /** Renews until that fails for too long or the connection ends; resolves with which of them. */
  async #hold(connection: Connection, first: Granted): Promise<string> {
    for (let granted = first; ;) {
      const plan = reservationPlan(granted.expiresAtMs, Date.now(), Math.random())
      this.#reserved(granted, plan.heldForMs)
      const next = await this.#renewed(connection, plan)
      if (typeof next === 'string') return next
      granted = next
    }
  }

  /** The next reservation, or why there is none. */
  async #renewed(
    connection: Connection,
    { heldForMs, renewAfterMs }: ReservationPlan
  ): Promise<Granted | string> {
    const endsAtMs = performance.now() + heldForMs
    let why = ''
    let waitMs = renewAfterMs
    for (let failures = 1; ; failures += 1) {
      const wait = { delay: this.#renewal, signal: this.#signal }
      if (await closesWithin(connection, waitMs, wait)) return this.#leaves ? SHUT_DOWN : CLOSED
      if (performance.now() >= endsAtMs) return `${NOT_RENEWED}${why}`
      const answer = await this.#renew(connection)
      if (answer.granted) return answer
      why = ` (${answer.why})`
      waitMs = renewalRetryMs(failures, endsAtMs - performance.now(), answer, Math.random())
    }
  }

  async #renew(connection: Connection): Promise<Granted | NotRenewed> {
    try {
      const answer = await renew(connection, this.#asking)
      if (answer.granted) return answer
      return { granted: false, why: circuitStatusName(answer.status), denied: isDenied(answer) }
    } catch (error) {
      this.#signal.throwIfAborted()
      const why = error instanceof Error ? error.message : String(error)
      return { granted: false, why, denied: false }
    }
  }

  #reserved({ limit: given, addresses }: Granted, heldForMs: number): void {
    this.#told = addresses
    this.endpoints.says(addresses)
    const { durationSeconds, dataBytes } = given
    const limit = {
      ...(durationSeconds ? { seconds: durationSeconds } : {}),
      ...(dataBytes ? { bytes: dataBytes } : {})
    }
    const expiresAtMs = Date.now() + heldForMs
    const { state, limit: was } = this.status
    const isOld = state === 'reserved' && !this.#leaves
    if (isOld && was?.seconds === limit.seconds && was?.bytes === limit.bytes) {
      this.status = { ...this.status, expiresAtMs }
    } else this.#tell('reserved', { expiresAtMs, limit })
    this.#first.resolve()
  }

  #tell(state: RelayStatus['state'], fields: Partial<RelayStatus> = {}): void {
    this.status = this.#statusNow(state, fields)
    this.#init.onState(this.status)
  }

  #statusNow(state: RelayStatus['state'], fields: Partial<RelayStatus> = {}): RelayStatus {
    const relay = this.peerId === undefined ? {} : { relay: this.peerId }
    return { ...relay, address: this.#named, state, sinceMs: Date.now(), ...fields }
  }

  get #leaves(): boolean {
    return this.status.endsAtMs !== undefined
  }

  get #asking(): ProofOptions {
    const { node, secrets = [] } = this.#init
    return { self: node.peerId, secrets, signal: this.#signal }
  }

  get #named(): string {
    return this.address.toString()
  }
}

const circuitThrough = (address: Multiaddr, relay: string): Multiaddr =>
  address.encapsulate(`/p2p/${relay}/p2p-circuit`)
