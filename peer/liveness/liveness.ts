// Finds connections whose other end is gone without a word (a cable pulled, a mapping forgotten, a laptop asleep), and
// ends them: whoever uses them then takes another path. Asks often enough that NATs keep their mappings.
import { setMaxListeners } from 'node:events'
import type { Connection, Libp2p } from '@libp2p/interface'
import { Delay } from '../delay.ts'
import {
  DEATH,
  DOUBT_ANSWER_MS,
  FRESH_MS,
  IDLE_ANSWER_MS,
  idleMs,
  provesNothing,
  SPREAD_EVERY_MS
} from './patience.ts'
import { watchNetwork } from './network-changes.ts'
import { Probe } from './probe.ts'
import { listenForSigns, type Signs } from './signs.ts'

export interface LivenessInit {
  node: Pick<Libp2p, 'getConnections' | 'addEventListener' | 'removeEventListener'>
  /** Whether a peer id is one of our relays': what is relayed by them stands and falls with them. */
  isRelay: (peer: string) => boolean
  /** The machine has slept, or has other addresses than before; all connections are in doubt already. */
  onChange: () => void
  /** The machine's addresses, each as text; by default those of its interfaces. */
  addresses?: () => string[]
}

export interface Liveness extends AsyncDisposable {
  /** Something should have come back on it by now: it has 2.5 s to show that it lives, and so have our relays. */
  doubt(connection: Connection): void
  /** Why a connection was given up; undefined for those that ended otherwise. */
  whyEnded(connection: Connection): string | undefined
}

/** For those who leave dead connections to the network stack. */
export const UNWATCHED: Pick<Liveness, 'doubt' | 'whyEnded'> = {
  doubt: () => undefined,
  whyEnded: () => undefined
}

export function startLiveness(init: LivenessInit, options: { signal: AbortSignal }): Liveness {
  return new RunningLiveness(init, options.signal)
}

class RunningLiveness implements Liveness {
  readonly #init: LivenessInit
  readonly #stopped = new AbortController()
  readonly #signal: AbortSignal
  readonly #watches = new Map<Connection, Watch>()
  readonly #dead = new WeakSet<Connection>()

  constructor(init: LivenessInit, signal: AbortSignal) {
    this.#init = init
    this.#signal = AbortSignal.any([signal, this.#stopped.signal])
    setMaxListeners(0, this.#signal)
    init.node.addEventListener('connection:open', this.#opened)
    init.node.addEventListener('connection:close', this.#closed)
    for (const connection of init.node.getConnections()) this.#watch(connection)
    watchNetwork({ onChange: this.#changed, addresses: init.addresses }, { signal: this.#signal })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#init.node.removeEventListener('connection:open', this.#opened)
    this.#init.node.removeEventListener('connection:close', this.#closed)
    this.#stopped.abort(new Error('liveness is watched no longer'))
    await Promise.all([...this.#watches.values()].map(async ({ ended }) => ended))
  }

  doubt(connection: Connection): void {
    const doubted = this.#watches.get(connection)
    doubted?.doubt()
    if (doubted?.takeSpread() !== true) return
    for (const [watched, watch] of this.#watches) {
      if (this.#init.isRelay(watched.remotePeer.toString())) watch.doubt()
    }
  }

  whyEnded(connection: Connection): string | undefined {
    return this.#dead.has(connection) ? DEATH : undefined
  }

  readonly #opened = ({ detail }: CustomEvent<Connection>): void => {
    // Whoever connects anew, through the relay even, may have lost what we still take for a connection.
    for (const [other, watch] of this.#watches) {
      if (other.remotePeer.equals(detail.remotePeer)) watch.doubt()
    }
    this.#watch(detail)
  }

  readonly #changed = (): void => {
    for (const watch of this.#watches.values()) watch.doubt({ evenIfFresh: true })
    this.#init.onChange()
  }

  readonly #closed = ({ detail }: CustomEvent<Connection>): void => {
    this.#watches.get(detail)?.stop()
    this.#watches.delete(detail)
  }

  #watch(connection: Connection): void {
    if (this.#signal.aborted || this.#watches.has(connection)) return
    const onDeath = (): void => {
      this.#dead.add(connection)
      connection.abort(new Error(DEATH))
    }
    this.#watches.set(connection, new Watch(connection, onDeath, this.#signal))
  }
}

/** Looks at one connection until it ends. */
class Watch {
  readonly ended: Promise<void>
  readonly #connection: Connection
  readonly #probe: Probe
  readonly #signs: Signs
  readonly #delay = new Delay()
  readonly #stopped = new AbortController()
  readonly #signal: AbortSignal
  #inDoubt = false
  #spreadMs = -Infinity
  /** Ends a patient look that is under way when doubt comes. */
  #patience: AbortController | undefined

  constructor(connection: Connection, onDeath: () => void, signal: AbortSignal) {
    this.#connection = connection
    this.#probe = new Probe(connection)
    this.#signs = listenForSigns(connection)
    this.#signal = AbortSignal.any([signal, this.#stopped.signal])
    this.ended = this.#run(onDeath)
      .catch(() => undefined) // stopped: the only way out of it with an error
      .finally(() => {
        this.#probe.close()
        this.#signs[Symbol.dispose]()
      })
  }

  stop(): void {
    this.#stopped.abort(new Error('the connection has ended'))
  }

  doubt({ evenIfFresh = false } = {}): void {
    if (this.#inDoubt || (!evenIfFresh && this.#silentMs() < FRESH_MS)) return
    this.#inDoubt = true
    this.#delay.atMost(0)
    this.#patience?.abort(new Error('there is doubt'))
  }

  /** True, and not again for a while, when doubt about this connection is to be doubt about the relays as well. */
  takeSpread(): boolean {
    const nowMs = performance.now()
    if (nowMs - this.#spreadMs < SPREAD_EVERY_MS) return false
    this.#spreadMs = nowMs
    return true
  }

  async #run(onDeath: () => void): Promise<void> {
    const idle = idleMs(Math.random())
    while (this.#connection.status === 'open') {
      const restMs = idle - this.#silentMs()
      if (!this.#inDoubt && restMs > 0) {
        await this.#delay.wait(restMs, { signal: this.#signal })
        continue
      }
      if (!(await this.#lives())) return onDeath()
    }
  }

  /** True also when nothing is proved: look again. */
  async #lives(): Promise<boolean> {
    const timeoutMs = this.#inDoubt ? DOUBT_ANSWER_MS : IDLE_ANSWER_MS
    const patience = new AbortController()
    this.#patience = this.#inDoubt ? undefined : patience
    const startedMs = performance.now()
    try {
      const ends = AbortSignal.any([this.#signal, patience.signal])
      const answers = await this.#probe.answers(timeoutMs, ends)
      if (answers) this.#signs.heard()
      const lives = answers || this.#signs.heardMs > startedMs
      if (lives) this.#inDoubt = false
      return lives || provesNothing(timeoutMs, performance.now() - startedMs)
    } catch (error) {
      if (patience.signal.aborted && !this.#signal.aborted) return true
      throw error
    } finally {
      this.#patience = undefined
    }
  }

  #silentMs(): number {
    return performance.now() - this.#signs.heardMs
  }
}
