// Looks every now and then whether the addresses that a relay announces can be right, and tells what is wrong with
// them. It only warns: who is behind a port forward often cannot reach itself, and a name may be for others' resolvers.
import { lookup } from 'node:dns/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { multiaddr, type Multiaddr } from '@multiformats/multiaddr'
import { tcpEndpoint, type TcpEndpoint } from '../../shared/addresses.ts'
import { deadline } from '../../shared/deadline.ts'
import { everyText } from '../../shared/error-text.ts'
import type { RelayListener } from '../events.ts'
import type { Relay } from '../relay.ts'
import { addressProblem, dialProblem, nameProblem, nowherePublic } from './advice.ts'
import { dialAnnounced } from './dial.ts'

export interface AnnouncedWatchInit {
  relay: Pick<Relay, 'peerId' | 'listening' | 'own' | 'refusals' | 'draining'>
  /** As configured. */
  listen: readonly string[]
  announce: readonly string[]
  /** Gets a `warning` for each problem that was not there the last time. */
  onEvent: RelayListener
  everyMs?: number
  /** The IP addresses of a name. */
  resolve?: (endpoint: TcpEndpoint) => Promise<string[]>
  /** Rejects when the address, which ends in the relay's peer id, leads nowhere or to somebody else. */
  dial?: (address: Multiaddr, signal: AbortSignal) => Promise<void>
}

export interface AnnouncedWatch extends AsyncDisposable {
  /** What is wrong now, as whole sentences. */
  readonly warnings: readonly string[]
}

/** Names of home lines change about once a day; and a look costs some 20 ms. */
const EVERY_MS = 10 * 60_000

/** Resolvers give up after 5 to 30 s. */
const LOOKUP_MS = 5000
const DIAL_MS = 5000

/** The first look is on its way when this returns. Ends with the signal or when disposed. */
export function startAnnouncedWatch(
  init: AnnouncedWatchInit,
  { signal }: { signal: AbortSignal }
): AnnouncedWatch {
  return new Watching(init, signal)
}

class Watching implements AnnouncedWatch {
  warnings: readonly string[] = []
  readonly #init: AnnouncedWatchInit
  readonly #stopped = new AbortController()
  readonly #signal: AbortSignal
  readonly #running: Promise<void>

  constructor(init: AnnouncedWatchInit, signal: AbortSignal) {
    this.#init = init
    this.#signal = AbortSignal.any([signal, this.#stopped.signal])
    this.#running = this.#run()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped.abort(new Error('the relay stops'))
    await this.#running
  }

  async #run(): Promise<void> {
    while (!this.#signal.aborted) {
      const found = await this.#look()
      if (this.#signal.aborted) return
      const known = new Set(this.warnings)
      this.warnings = found
      for (const message of found) {
        if (!known.has(message))
          this.#init.onEvent({ event: 'warning', code: 'unreachable-address', message })
      }
      await sleep(this.#init.everyMs ?? EVERY_MS, undefined, { signal: this.#signal }).catch(
        () => undefined // stopped: the loop ends
      )
    }
  }

  /** Never rejects. */
  async #look(): Promise<string[]> {
    const { announce, listen, relay } = this.#init
    const listening = relay.listening.map((text) => multiaddr(text).decapsulate('/p2p'))
    const problems =
      announce.length > 0
        ? await Promise.all(announce.map(async (text) => this.#problem(multiaddr(text), listening)))
        : [listen.some(isWildcard) ? nowherePublic(listening) : undefined]
    return problems.filter((each) => each !== undefined)
  }

  async #problem(address: Multiaddr, listening: Multiaddr[]): Promise<string | undefined> {
    const plain = addressProblem(address, listening)
    if (plain !== undefined) return plain
    const endpoint = tcpEndpoint(address)
    if (endpoint?.named === true) {
      const named = await this.#nameProblem(address, endpoint, listening)
      if (named !== undefined) return named
    }
    return this.#dialProblem(address)
  }

  async #nameProblem(
    address: Multiaddr,
    endpoint: TcpEndpoint,
    listening: Multiaddr[]
  ): Promise<string | undefined> {
    using limit = deadline(this.#signal, LOOKUP_MS, 'no answer in time')
    try {
      const found = (this.#init.resolve ?? resolve)(endpoint)
      return nameProblem(address, await Promise.race([found, ended(limit.signal)]), listening)
    } catch (error) {
      const why = error instanceof Error && 'code' in error ? error.code : 'no answer'
      return `the announced name ${endpoint.host} cannot be resolved from here (${String(why)}): look for a typing error, and at its DNS record`
    }
  }

  async #dialProblem(address: Multiaddr): Promise<string | undefined> {
    const { relay, dial = this.#dial } = this.#init
    using limit = deadline(this.#signal, DIAL_MS, 'timed out')
    const refusedBefore = refusalsOf(relay)
    try {
      await dial(address.encapsulate(`/p2p/${relay.peerId}`), limit.signal)
      return undefined
    } catch (error) {
      // A relay that turns others away at the moment may have turned this away.
      if (relay.draining || refusalsOf(relay) !== refusedBefore) return undefined
      return dialProblem(address, everyText(error))
    }
  }

  readonly #dial = async (address: Multiaddr, signal: AbortSignal): Promise<void> =>
    dialAnnounced(address, this.#init.relay.own, { signal })
}

/** As configured; what a relay listens on later has every interface in its place. */
const isWildcard = (listen: string): boolean => /^\/ip4\/0\.0\.0\.0\/|^\/ip6\/::\//.test(listen)

const refusalsOf = ({ refusals }: Pick<Relay, 'refusals'>): number =>
  Object.values(refusals).reduce((sum, count) => sum + count, 0)

async function resolve({ host, family }: TcpEndpoint): Promise<string[]> {
  const found = await lookup(host, { all: true, family })
  return found.map(({ address }) => address)
}

async function ended(signal: AbortSignal): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>()
  signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  if (signal.aborted) reject(signal.reason)
  return promise
}
