// The status port of a relay: page, health and metrics. It is opened before the relay listens, so that a port which is
// taken is told at once, and shows the relay from when there is one.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isLoopback } from '@libp2p/utils'
import { multiaddr, type Multiaddr } from '@multiformats/multiaddr'
import { version } from '../../shared/version.ts'
import type { RelayListener } from '../events.ts'
import type { Relay } from '../relay.ts'
import { endpointText, type Endpoint } from './endpoint.ts'
import { openHttpPort, type Reply, type Resource } from './http-port.ts'
import { createMetrics, type Metrics } from './metrics.ts'
import { CHECK_PACE, readiness, type CheckPace, type Readiness } from './readiness.ts'
import type { RelaySnapshot } from './snapshot.ts'
import { statusView } from './view.ts'
import { startWatch, type Watch } from './watch.ts'

export interface StatusConfig {
  endpoint: Endpoint
  /** Gets `readiness` when the verdict changes. */
  onEvent: RelayListener
  pace?: Partial<CheckPace>
}

export interface Status extends AsyncDisposable {
  /** `http://HOST:PORT/` */
  readonly url: string
  /** From now on it is this relay; its self-checks begin. `warnings` are whole sentences for the operator. */
  show(relay: Relay, warnings?: () => readonly string[]): Promise<void>
}

/** However many ask: a snapshot of a full relay takes a millisecond or two. */
const SNAPSHOT_TTL_MS = 500

/** Resolves when the port listens. Throws a UserError when it cannot. */
export async function startStatus(
  config: StatusConfig,
  options: { signal: AbortSignal }
): Promise<Status> {
  const shown = new Shown(config, options.signal)
  const port = await openHttpPort(config.endpoint, await resources(shown), options)
  return {
    url: `http://${endpointText(port.endpoint)}/`,
    show: async (relay, warnings) => shown.show(relay, warnings),
    async [Symbol.asyncDispose]() {
      await port[Symbol.asyncDispose]()
      await shown[Symbol.asyncDispose]()
    }
  }
}

class Shown implements AsyncDisposable {
  readonly #config: StatusConfig
  readonly #signal: AbortSignal
  readonly #metrics: Metrics = createMetrics()
  #relay: Relay | undefined
  #warnings: () => readonly string[] = () => []
  #watch: Watch | undefined
  #taken: { snapshot: RelaySnapshot; atMs: number } | undefined

  constructor(config: StatusConfig, signal: AbortSignal) {
    this.#config = config
    this.#signal = signal
  }

  async show(relay: Relay, warnings = this.#warnings): Promise<void> {
    const { onEvent, pace = {} } = this.#config
    this.#relay = relay
    this.#warnings = warnings
    this.#watch = await startWatch(
      {
        address: () => listensAt(relay),
        own: relay.own,
        onChange: (verdict) => onEvent({ event: 'readiness', ...verdict }),
        pace
      },
      { signal: this.#signal }
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#watch?.[Symbol.asyncDispose]()
  }

  health(): Readiness {
    if (this.#relay?.draining === true) return DRAINING
    const checked = this.#watch?.readiness() ?? readiness(undefined, 0, CHECK_PACE)
    const problem = this.#relay?.roomsProblem
    return checked.ready && problem !== undefined
      ? { ...checked, ready: false, sentence: problem }
      : checked
  }

  #snapshot(): RelaySnapshot | undefined {
    const nowMs = performance.now()
    if (this.#taken !== undefined && nowMs - this.#taken.atMs < SNAPSHOT_TTL_MS) {
      return this.#taken.snapshot
    }
    const snapshot = this.#relay?.snapshot()
    if (snapshot !== undefined) this.#taken = { snapshot, atMs: nowMs }
    return snapshot
  }

  view(): Reply {
    const snapshot = this.#snapshot()
    if (snapshot === undefined) return STARTING
    const about = { health: this.health(), warnings: this.#warnings(), version }
    const body = JSON.stringify(statusView(snapshot, about))
    return { type: 'application/json', body }
  }

  async metrics(): Promise<Reply> {
    const snapshot = this.#snapshot()
    if (snapshot === undefined) return STARTING
    const checks = this.#watch?.checks ?? { passed: 0, failed: 0 }
    const body = await this.#metrics.text({ snapshot, health: this.health(), checks, version })
    return { type: 'text/plain; version=0.0.4', body }
  }
}

const DRAINING: Readiness = {
  ready: false,
  sentence: 'the relay is about to stop, and takes nothing new'
}

const STARTING: Reply = { status: 503, type: 'text/plain', body: 'the relay is starting\n' }

/** As a neighbour would dial it: loopback if it listens there, else whatever it does listen on. */
function listensAt(relay: Relay): Multiaddr | undefined {
  const own = relay.listening.map((text) => multiaddr(text))
  return own.find(isLoopback) ?? own[0]
}

async function resources(shown: Shown): Promise<Map<string, Resource>> {
  const html = await pageFile('status.html', 'text/html')
  return new Map<string, Resource>([
    ['/', html],
    ['/status.css', await pageFile('status.css', 'text/css')],
    ['/status.js', await pageFile('status.js', 'text/javascript')],
    ['/words.js', await pageFile('words.js', 'text/javascript')],
    ['/icon.svg', await pageFile('icon.svg', 'image/svg+xml')],
    ['/status.json', () => shown.view()],
    ['/metrics', async () => shown.metrics()],
    ['/healthz', () => ({ type: 'text/plain', body: 'alive\n' })],
    [
      '/readyz',
      () => {
        const { ready, sentence } = shown.health()
        const body = `${ready ? 'ready' : 'not ready'}: ${sentence}\n`
        return { status: ready ? 200 : 503, type: 'text/plain', body }
      }
    ]
  ])
}

/** Read once: what changes on disk while the relay runs is another version's. */
async function pageFile(name: string, type: string): Promise<Resource> {
  const body = await readFile(join(import.meta.dirname, 'page', name))
  return () => ({ type, body })
}
