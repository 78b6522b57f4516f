// Connections to relays that are not ours: members who have their place elsewhere name them in their signed records.
//
// A member can name whatever it likes, so others could be made to knock at a third party. What it gets out of that is
// less than candidates give it already (peer/traversal): a TCP connect and a handshake that asks for one peer id, to
// public addresses or those of networks that we are on, to three relays a member at three addresses each, four at once
// and sixteen in all, each with longer and longer pauses while it fails, however many members name it. No reservation is made there, and
// who stays relayed to hide its address does not come here: such a relay may be the member's own machine.
// It may ask for a proof of our secrets, as the relays of one operator do: shared/wire/access.ts says what it has of that.
import type { Connection, Libp2p } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import { backoffMs } from '../../shared/backoff.ts'
import { closeOrAbort } from '../../shared/close-or-abort.ts'
import { deadline } from '../../shared/deadline.ts'
import { RecentMap } from '../../shared/recent-map.ts'
import { addressesOfName, type ResolveName } from '../named-address.ts'
import { mayBeRelay } from '../traversal/candidates.ts'
import { isConnected } from '../traversal/connections.ts'
import { unlessAborted } from '../unless-aborted.ts'
import { CLOSE_TIMEOUT_MS } from './retire.ts'
import { relayOf, type NamedRelay } from './routes.ts'

export interface ForeignRelaysInit {
  node: Pick<Libp2p, 'getConnections'>
  dial: (address: Multiaddr, signal: AbortSignal) => Promise<Connection>
  isOwn: (relay: string) => boolean
  /** Addresses of ours and of our relays: what else is on these networks may be dialled, private as it may be. */
  here: () => Multiaddr[]
  resolve?: ResolveName
}

export interface ForeignRelays extends AsyncDisposable {
  /** Resolves when there is a connection to the relay of a circuit, whosever relay it is; rejects when there is none. */
  connect(circuit: Multiaddr, signal: AbortSignal): Promise<void>
  /** Whether circuits may go through it. */
  has(relay: string): boolean
}

/** A room's operator has a few. */
export const MAX_FOREIGN_RELAYS = 16

export const MAX_DIALS_AT_ONCE = 4

/** Of what a name resolves to. */
const MAX_ADDRESSES_OF_A_NAME = 2

/** TCP, Noise and yamux over a line that loses a packet. */
const DIAL_TIMEOUT_MS = 8_000

/** As long as that without a circuit through it, and the connection is given up. */
const IDLE_MS = 20_000

const LOOK_EVERY_MS = 5_000

/** Relays that failed and are remembered for it; the one that failed longest ago is forgotten first. */
const MAX_FAILURES = 256

export function startForeignRelays(
  init: ForeignRelaysInit,
  options: { signal: AbortSignal }
): ForeignRelays {
  return new RunningForeignRelays(init, options.signal)
}

interface Held {
  connection: Connection
  usedAtMs: number
}

class RunningForeignRelays implements ForeignRelays {
  readonly #init: ForeignRelaysInit
  readonly #stopped = new AbortController()
  readonly #signal: AbortSignal
  /** By peer id: connections that were made here. */
  readonly #held = new Map<string, Held>()
  /** By peer id: one dial each, whoever wants it. */
  readonly #dialling = new Map<string, Promise<void>>()
  /** By host and port. */
  readonly #failures = new RecentMap<string, { count: number; notBeforeMs: number }>(MAX_FAILURES)
  readonly #timer: NodeJS.Timeout

  constructor(init: ForeignRelaysInit, signal: AbortSignal) {
    this.#init = init
    this.#signal = AbortSignal.any([signal, this.#stopped.signal])
    this.#timer = setInterval(() => this.#closeIdle(), LOOK_EVERY_MS).unref()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer)
    this.#stopped.abort(new Error('relays of others are dialled no longer'))
    await Promise.allSettled(this.#dialling.values())
    this.#held.clear()
  }

  has(relay: string): boolean {
    return this.#held.has(relay)
  }

  async connect(circuit: Multiaddr, signal: AbortSignal): Promise<void> {
    const relay = relayOf(circuit)
    if (relay === undefined || this.#init.isOwn(relay.peer)) return
    const held = this.#held.get(relay.peer)
    if (held !== undefined) held.usedAtMs = performance.now()
    if (isConnected(this.#init.node, relay.peer)) return
    const dial = this.#dialling.get(relay.peer) ?? this.#start(relay)
    await unlessAborted(dial, signal)
  }

  #start(relay: NamedRelay): Promise<void> {
    const where = relay.transport.toString()
    const failed = this.#failures.get(where)
    if (failed !== undefined && performance.now() < failed.notBeforeMs)
      throw new Error(`${where} failed a moment ago`)
    if (this.#dialling.size >= MAX_DIALS_AT_ONCE) throw new Error('other relays are being dialled')
    if (this.#held.size + this.#dialling.size >= MAX_FOREIGN_RELAYS)
      throw new Error(`there are ${MAX_FOREIGN_RELAYS} relays of others already`)
    const dial = this.#dial(relay)
      .then(
        () => void this.#failures.delete(where),
        (error: unknown) => {
          this.#failed(where)
          throw error
        }
      )
      .finally(() => this.#dialling.delete(relay.peer))
    dial.catch(() => undefined) // whoever waits for it hears of it; nobody has to
    this.#dialling.set(relay.peer, dial)
    return dial
  }

  async #dial({ transport, peer }: NamedRelay): Promise<void> {
    using limit = deadline(this.#signal, DIAL_TIMEOUT_MS, 'the relay was not reached in time')
    const here = this.#init.here()
    // A name is resolved here, for what it leads to is what counts.
    const named = addressesOfName(transport, this.#init.resolve)
    const addresses = await unlessAborted(named, limit.signal)
    const allowed = addresses.filter((each) => mayBeRelay(each, here))
    let why: unknown = new Error(`${transport.toString()} is no address to dial a relay at`)
    for (const address of allowed.slice(0, MAX_ADDRESSES_OF_A_NAME)) {
      try {
        const connection = await this.#init.dial(address.encapsulate(`/p2p/${peer}`), limit.signal)
        this.#held.set(peer, { connection, usedAtMs: performance.now() })
        return
      } catch (error) {
        limit.signal.throwIfAborted()
        why = error
      }
    }
    throw why
  }

  #failed(where: string): void {
    const count = (this.#failures.get(where)?.count ?? 0) + 1
    const notBeforeMs = performance.now() + backoffMs(count, Math.random())
    this.#failures.set(where, { count, notBeforeMs })
  }

  #closeIdle(): void {
    const circuits = this.#init.node
      .getConnections()
      .flatMap(({ remoteAddr }) => relayOf(remoteAddr)?.peer ?? [])
    const used = new Set(circuits)
    for (const [peer, held] of this.#held) {
      if (held.connection.status !== 'open') this.#held.delete(peer)
      else if (used.has(peer)) held.usedAtMs = performance.now()
      else if (performance.now() - held.usedAtMs >= IDLE_MS) this.#leave(peer, held)
    }
  }

  #leave(peer: string, { connection }: Held): void {
    this.#held.delete(peer)
    // It may have become one of ours meanwhile, over this connection.
    if (this.#init.isOwn(peer)) return
    const limit = AbortSignal.timeout(CLOSE_TIMEOUT_MS)
    void closeOrAbort(connection, AbortSignal.any([this.#signal, limit]))
  }
}
