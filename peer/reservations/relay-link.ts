// Keeps this peer known at one relay: connected from the listening port, identified, reserved, and again after a loss.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Connection, IdentifyResult, Libp2p } from '@libp2p/interface'
import type { TransportManager } from '@libp2p/interface-internal'
import type { Multiaddr } from '@multiformats/multiaddr'
import { UserError } from '../../shared/errors.ts'
import { parseRelayAddress, type RelayAddress } from '../../shared/relay-address.ts'
import type { PeerEvent } from '../events.ts'
import { backoffMs } from './backoff.ts'
import { believableMapping } from './mapping.ts'
import { relayFailure } from './relay-failures.ts'

type RelayState = Extract<PeerEvent, { event: 'relay' }>['state']

export interface RelayLinkInit {
  node: Libp2p
  transportManager: Pick<TransportManager, 'listen' | 'getAddrs'>
  /** A relay's multiaddr with `/p2p/…`. */
  relay: string
  onState: (state: RelayState, reason?: string) => void
}

export interface RelayLink extends AsyncDisposable {
  readonly peerId: string
  readonly address: Multiaddr
  /** Our address as this relay sees it, from the listening port; known from the first identify on. */
  readonly mapped: Multiaddr | undefined
  /** The connection that our reservation is on, while both stand. */
  readonly connection: Connection | undefined
  /** Resolves with the first reservation, rejects with a UserError when the first try fails for good. */
  readonly ready: Promise<void>
}

/** A dial with its handshakes, and an identify, each with 10 s of its own; packets get lost. */
const CONNECT_TIMEOUT_MS = 20_000

const NOT_RENEWED = 'the relay did not renew the reservation'

export function startRelayLink(init: RelayLinkInit, options: { signal: AbortSignal }): RelayLink {
  return new RunningLink(init, parseRelayAddress(init.relay), options.signal)
}

class RunningLink implements RelayLink {
  readonly peerId: string
  readonly address: Multiaddr
  readonly ready: Promise<void>
  mapped: Multiaddr | undefined
  connection: Connection | undefined
  readonly #init: RelayLinkInit
  readonly #stopped = new AbortController()
  readonly #signal: AbortSignal
  readonly #running: Promise<void>
  /** What the relay observed, by connection: each is identified once, and may outlive a reservation that was refused. */
  readonly #observed = new WeakMap<Connection, Multiaddr | undefined>()

  constructor(init: RelayLinkInit, { address, peerId }: RelayAddress, signal: AbortSignal) {
    this.#init = init
    this.address = address
    this.peerId = peerId.toString()
    this.#signal = AbortSignal.any([signal, this.#stopped.signal])
    const first = Promise.withResolvers<void>()
    this.ready = first.promise
    this.ready.catch(() => undefined) // whoever waits for it hears of it; nobody has to
    init.node.addEventListener('peer:identify', this.#identified)
    this.#running = this.#keep(first)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped.abort()
    this.#init.node.removeEventListener('peer:identify', this.#identified)
    await this.#running
  }

  /** Connects, holds, and after a loss begins again, until stopped. Never throws. */
  async #keep(first: PromiseWithResolvers<void>): Promise<void> {
    for (let failures = 0; !this.#signal.aborted;) {
      try {
        await this.#connect()
        failures = 0
        first.resolve()
        await this.#hold()
      } catch (error) {
        if (this.#signal.aborted) break
        failures += 1
        first.reject(this.#report(error))
      }
      await sleep(backoffMs(failures, Math.random()), undefined, { signal: this.#signal }).catch(
        () => undefined
      )
    }
    first.reject(this.#signal.reason)
  }

  async #connect(): Promise<void> {
    this.#init.onState('connecting')
    const signal = AbortSignal.any([this.#signal, AbortSignal.timeout(CONNECT_TIMEOUT_MS)])
    const { node } = this.#init
    const connection = await node.dial(this.address, { signal })
    const observed = await this.#observedOn(connection, signal)
    // What a relay sees of a circuit is the other relay; of a direct connection it is our NAT's mapping.
    this.mapped = believableMapping(observed, connection.remoteAddr) ?? this.mapped
    await this.#reserve()
    this.connection = connection
    this.#init.onState('reserved')
  }

  /** The library knows no signal here, only its own deadline: who is asked to leave does not wait for that. */
  async #reserve(): Promise<void> {
    const listening = this.#init.transportManager.listen([this.address.encapsulate('/p2p-circuit')])
    await unlessAborted(listening, this.#signal)
  }

  readonly #identified = ({ detail }: CustomEvent<IdentifyResult>): void => {
    if (detail.peerId.toString() !== this.peerId) return
    // A push says what has changed, and may say nothing of this.
    this.#observed.set(
      detail.connection,
      detail.observedAddr ?? this.#observed.get(detail.connection)
    )
  }

  /** The address that the relay has observed of us on this connection, once it has identified itself there. */
  async #observedOn(connection: Connection, signal: AbortSignal): Promise<Multiaddr | undefined> {
    const { promise, resolve } = Promise.withResolvers<Multiaddr | undefined>()
    const look = (): void => {
      if (this.#observed.has(connection)) resolve(this.#observed.get(connection))
    }
    this.#init.node.addEventListener('peer:identify', look)
    look()
    try {
      return await unlessAborted(promise, signal)
    } finally {
      this.#init.node.removeEventListener('peer:identify', look)
    }
  }

  /** Resolves when the reservation, or the connection that it is on, has ended; rejects when asked to leave. */
  async #hold(): Promise<void> {
    const { connection } = this
    if (connection === undefined) return
    const { promise, resolve } = Promise.withResolvers<void>()
    const ended = (): void => resolve()
    const stood = this.#isReserved()
    const look = (): void => {
      if (stood && !this.#isReserved()) resolve()
    }
    connection.addEventListener('close', ended)
    this.#init.node.addEventListener('transport:listening', look)
    if (connection.status !== 'open') resolve()
    try {
      await unlessAborted(promise, this.#signal)
    } finally {
      connection.removeEventListener('close', ended)
      this.#init.node.removeEventListener('transport:listening', look)
      this.connection = undefined
    }
    const what = connection.status === 'open' ? NOT_RENEWED : 'the connection to the relay closed'
    this.#init.onState('lost', what)
  }

  /** The library stops listening through a relay when that does not renew a reservation. */
  #isReserved(): boolean {
    const through = `/p2p/${this.peerId}/p2p-circuit`
    const addresses = this.#init.transportManager.getAddrs()
    return addresses.some((address) => address.toString().includes(through))
  }

  #report(error: unknown): UserError {
    const { code, message } = relayFailure(this.address.toString(), error)
    this.#init.onState(code === 'relay-refused' ? 'refused' : 'lost', message)
    return new UserError(code, message, { cause: error })
  }
}

/** What comes of it, or the signal's reason when that comes first; a failure that comes later is nobody's. */
async function unlessAborted<Value>(work: Promise<Value>, signal: AbortSignal): Promise<Value> {
  const aborted = Promise.withResolvers<never>()
  const onAbort = (): void => aborted.reject(signal.reason)
  signal.addEventListener('abort', onAbort, { once: true })
  if (signal.aborted) onAbort()
  try {
    return await Promise.race([work, aborted.promise])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
