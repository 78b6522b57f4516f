// What the user announces, with its names resolved: nobody dials a name that another peer gives, for it may lead anywhere.
import { lookup } from 'node:dns/promises'
import { ipPortToMultiaddr } from '@libp2p/utils'
import { multiaddr, type Multiaddr } from '@multiformats/multiaddr'
import { tcpEndpoint, type TcpEndpoint } from '../shared/addresses.ts'
import { Delay } from './delay.ts'
import { unlessAborted } from './unless-aborted.ts'

export interface AnnouncedInit {
  /** As configured. */
  announce: readonly string[]
  /** Names lead elsewhere than before, or lead somewhere at last. */
  onChange: () => void
  /** Once, until it can be resolved. `why`: the code of the resolver. */
  onUnresolved: (name: string, why: string) => void
  /** The IP addresses of a name. */
  resolve?: (endpoint: TcpEndpoint) => Promise<string[]>
}

export interface Announced extends AsyncDisposable {
  /** Without names. */
  readonly addresses: Multiaddr[]
  /** The network has changed: names may lead elsewhere now. */
  consider(): void
}

/** Names of home lines change about once a day. */
const EVERY_MS = 10 * 60_000
/** As long as a name leads nowhere. */
const RETRY_MS = 30_000

/** What needs no resolver is there when this returns; names are on their way. */
export function startAnnounced(init: AnnouncedInit, options: { signal: AbortSignal }): Announced {
  return new RunningAnnounced(init, options.signal)
}

class RunningAnnounced implements Announced {
  readonly #init: AnnouncedInit
  readonly #stopped = new AbortController()
  readonly #delay = new Delay()
  readonly #plain: Multiaddr[]
  /** Each as announced, and where it has led to when that was known last. */
  readonly #named = new Map<TcpEndpoint, Multiaddr[]>()
  readonly #unresolved = new Set<TcpEndpoint>()
  readonly #running: Promise<void>

  constructor(init: AnnouncedInit, signal: AbortSignal) {
    this.#init = init
    const all = init.announce.map((text) => multiaddr(text))
    this.#plain = all.filter((address) => tcpEndpoint(address)?.named !== true)
    for (const address of all) {
      const endpoint = tcpEndpoint(address)
      if (endpoint?.named === true) this.#named.set(endpoint, [])
    }
    this.#running = this.#run(AbortSignal.any([signal, this.#stopped.signal]))
  }

  get addresses(): Multiaddr[] {
    return [...this.#plain, ...[...this.#named.values()].flat()]
  }

  consider(): void {
    this.#delay.atMost(0)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped.abort(new Error('nothing is announced any more'))
    await this.#running
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (this.#named.size > 0 && !signal.aborted) {
      const looks = [...this.#named.keys()].map(async (name) => this.#look(name, signal))
      const changes = await Promise.all(looks)
      if (signal.aborted) return
      if (changes.includes(true)) this.#init.onChange()
      const pauseMs = this.#unresolved.size > 0 ? RETRY_MS : EVERY_MS
      await this.#delay.wait(pauseMs, { signal }).catch(() => undefined) // stopped: the loop ends
    }
  }

  /** Whether it leads elsewhere. Where it has led to before stays until the resolver knows better. */
  async #look(name: TcpEndpoint, signal: AbortSignal): Promise<boolean> {
    try {
      const hosts = await unlessAborted((this.#init.resolve ?? resolve)(name), signal)
      this.#unresolved.delete(name)
      const was = this.#named.get(name)?.join()
      const addresses = hosts.toSorted().map((host) => ipPortToMultiaddr(host, name.port))
      this.#named.set(name, addresses)
      return addresses.join() !== was
    } catch (error) {
      const isNews = !this.#unresolved.has(name) && !signal.aborted
      this.#unresolved.add(name)
      const why = error instanceof Error && 'code' in error ? error.code : 'no answer'
      if (isNews) this.#init.onUnresolved(name.host, String(why))
      return false
    }
  }
}

async function resolve({ host, family }: TcpEndpoint): Promise<string[]> {
  const found = await lookup(host, { all: true, family })
  return found.map(({ address }) => address)
}
