// Has our router forward a port to us while we run, where that helps: then whoever may talk to us can dial us, whatever
// NAT they are behind. In the background; nothing waits for it, and what it gets is given back at the end.
import type { Multiaddr } from '@multiformats/multiaddr'
import { deadline } from '../../shared/deadline.ts'
import { Delay } from '../delay.ts'
import { findGateways } from './find-gateways.ts'
import { GatewayError, type Forward, type Gateway, type MappingMethod } from './gateway.ts'
import { forwardedAddress, portAt, publicHosts, whyUseless } from './usefulness.ts'

export interface PortMappingInit {
  /** As relays see us. */
  mapped: () => readonly Multiaddr[]
  /** Of our interfaces, with the ports we listen on. */
  listening: () => readonly Multiaddr[]
  /** After every change, and with every new reason for having none. */
  onState: (state: MappingState) => void
  /** For tests. */
  find?: (signal: AbortSignal) => Promise<Gateway[]>
}

export type MappingState =
  | { state: 'mapped'; method: MappingMethod; router: string; address: string }
  | { state: 'none'; reason: string }

export interface PortMapping extends AsyncDisposable {
  /** Where the router forwards to us from. */
  readonly addresses: Multiaddr[]
  /** What relays see of us, or our own addresses, may have changed. */
  consider(): void
}

/** After a crash the port stays open for so long at most; it is asked for again at half of it. */
const LIFETIME_SECONDS = 1_800
const SHORTEST_RENEWAL_MS = 30_000

/** A router that is restarting answers again after a minute or two. */
const RENEWAL_TRIES = 3
const RENEWAL_RETRY_MS = 20_000

/** Somebody may switch it on in the router meanwhile. */
const RETRY_MS = 1_800_000

/** Finding takes some 5 s and mapping three exchanges of 3 s at worst. */
const TRY_TIMEOUT_MS = 30_000

/** Nobody waits longer for the program to end. */
const UNMAP_TIMEOUT_MS = 1_000

const CHANGED = 'the address of the router has changed'
const NOBODY = 'no router here answers to PCP, NAT-PMP or UPnP'

/** Does nothing until a relay sees us behind a NAT that has a public address. */
export function startPortMapping(
  init: PortMappingInit,
  options: { signal: AbortSignal }
): PortMapping {
  return new RunningMapping(init, options.signal)
}

interface Held {
  gateway: Gateway
  port: number
  forward: Forward
}

class RunningMapping implements PortMapping {
  readonly #init: PortMappingInit
  readonly #find: NonNullable<PortMappingInit['find']>
  readonly #stopped = new AbortController()
  readonly #signal: AbortSignal
  readonly #pause = new Delay()
  readonly #running: Promise<void>
  #held: Held | undefined
  #told: string | undefined
  /** Where relays saw us when it was last tried. */
  #triedAt = ''

  constructor(init: PortMappingInit, signal: AbortSignal) {
    this.#init = init
    this.#find = init.find ?? findGateways
    this.#signal = AbortSignal.any([signal, this.#stopped.signal])
    // Aborted: the only way out of it.
    this.#running = this.#run().catch(() => undefined)
  }

  get addresses(): Multiaddr[] {
    return this.#held === undefined ? [] : [forwardedAddress(this.#held.forward)]
  }

  consider(): void {
    if (this.#isSeenElsewhere()) this.#pause.atMost(0)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped.abort(new Error('the port mapping stops'))
    await this.#running
  }

  async #run(): Promise<void> {
    for (;;) {
      const seenAt = this.#seenAt()
      const reason = seenAt.length === 0 ? undefined : await this.#serve(seenAt)
      if (reason !== undefined) this.#tell({ state: 'none', reason })
      this.#triedAt = seenAt.join()
      if (!this.#isSeenElsewhere() && reason !== CHANGED)
        await this.#pause.wait(RETRY_MS, { signal: this.#signal })
    }
  }

  /** From the search for a router to the loss of what it gave us; resolves with why there is nothing any more. */
  async #serve(seenAt: string[]): Promise<string> {
    const held = await this.#map(seenAt)
    if (typeof held === 'string') return held
    try {
      this.#held = held
      this.#triedAt = seenAt.join()
      const { method, host: router } = held.gateway
      const address = forwardedAddress(held.forward).toString()
      this.#tell({ state: 'mapped', method, router, address })
      return await this.#keep(held)
    } finally {
      this.#held = undefined
      await giveBack(held)
    }
  }

  async #keep(held: Held): Promise<string> {
    const { gateway, port } = held
    for (let failures = 0; failures < RENEWAL_TRIES;) {
      const pauseMs = failures === 0 ? renewAfterMs(held.forward) : RENEWAL_RETRY_MS
      await this.#pause.wait(pauseMs, { signal: this.#signal })
      if (this.#isSeenElsewhere()) return CHANGED
      try {
        const forward = await gateway.map(port, LIFETIME_SECONDS, this.#signal)
        if (!isSame(forward, held.forward)) return CHANGED
        held.forward = forward
        failures = 0
      } catch (error) {
        this.#signal.throwIfAborted()
        if (!(error instanceof GatewayError)) throw error
        failures += 1
      }
    }
    return `the router at ${gateway.host} no longer answers`
  }

  /** The first router that gives us a port of any use, or why none did. */
  async #map(seenAt: string[]): Promise<Held | string> {
    using limit = deadline(this.#signal, TRY_TIMEOUT_MS, 'the routers took too long')
    let reason: string | undefined
    for (const gateway of await this.#found(limit.signal)) {
      const port = portAt(gateway.localHost, this.#init.listening())
      if (port === undefined) continue
      const held = await mapAt({ gateway, port, seenAt }, limit.signal).catch((error: unknown) => {
        this.#signal.throwIfAborted()
        if (error instanceof GatewayError) return error.message
        throw error
      })
      if (typeof held !== 'string') return held
      reason ??= `the router at ${gateway.host} ${held} (${gateway.method})`
    }
    return reason ?? NOBODY
  }

  async #found(signal: AbortSignal): Promise<Gateway[]> {
    return this.#find(signal).catch(() => {
      this.#signal.throwIfAborted()
      return []
    })
  }

  #seenAt(): string[] {
    return publicHosts(this.#init.mapped(), this.#init.listening())
  }

  #isSeenElsewhere(): boolean {
    return this.#seenAt().join() !== this.#triedAt
  }

  #tell(state: MappingState): void {
    const text = JSON.stringify(state)
    if (text !== this.#told) this.#init.onState(state)
    this.#told = text
  }
}

/** A port that is of no use, or comes when nobody waits for it any more, is given back at once. */
async function mapAt(
  { gateway, port, seenAt }: { gateway: Gateway; port: number; seenAt: string[] },
  signal: AbortSignal
): Promise<Held | string> {
  let why: string | undefined = 'does not answer'
  try {
    const forward = await gateway.map(port, LIFETIME_SECONDS, signal)
    why = whyUseless(forward, seenAt)
    return why ?? { gateway, port, forward }
  } finally {
    if (why !== undefined) await giveBack({ gateway, port })
  }
}

/** Never rejects: what is not taken back ends with its lifetime. */
async function giveBack({ gateway, port }: Pick<Held, 'gateway' | 'port'>): Promise<void> {
  using limit = deadline(new AbortController().signal, UNMAP_TIMEOUT_MS, 'no time to give it back')
  await gateway.unmap(port, limit.signal).catch(() => undefined)
}

/** Whatever the router grants, no more is counted on than was asked for. */
const renewAfterMs = ({ lifetimeSeconds }: Forward): number =>
  Math.max(SHORTEST_RENEWAL_MS, Math.min(lifetimeSeconds, LIFETIME_SECONDS) * 500)

const isSame = (a: Forward, b: Forward): boolean =>
  a.externalHost === b.externalHost && a.externalPort === b.externalPort
