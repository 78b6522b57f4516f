// Checks the relay again and again through ends of our own, keeps the last result, and tells when the verdict changes.
import { setTimeout as delay } from 'node:timers/promises'
import type { Multiaddr } from '@multiformats/multiaddr'
import { deadline } from '../../shared/deadline.ts'
import { hostKey } from '../host-key.ts'
import type { OwnEnds } from '../own-ends.ts'
import {
  CHECK_PACE,
  readiness,
  type CheckPace,
  type CheckResult,
  type Readiness
} from './readiness.ts'
import { createSelfCheckEnds, type SelfCheckEnds } from './self-check.ts'

export interface WatchConfig {
  /** One of the relay's own listening addresses, with `/p2p/…`; undefined when it has none. */
  address: () => Multiaddr | undefined
  /** Gets the peer ids of the ends, and is told before they connect. */
  own: OwnEnds
  onChange: (verdict: { ready: boolean; reason?: string }) => void
  pace?: Partial<CheckPace>
}

export interface Watch extends AsyncDisposable {
  readiness(): Readiness
  /** Since the start. */
  readonly checks: { passed: number; failed: number }
}

/** Resolves at once; the first check is then on its way. Ends with `signal` or when disposed. */
export async function startWatch(
  config: WatchConfig,
  { signal }: { signal: AbortSignal }
): Promise<Watch> {
  const ends = await createSelfCheckEnds()
  const watching = new Watching(config, ends)
  return watching.start(signal)
}

class Watching implements Watch {
  readonly checks = { passed: 0, failed: 0 }
  readonly #config: WatchConfig
  readonly #pace: CheckPace
  readonly #ends: SelfCheckEnds
  readonly #stop = new AbortController()
  #last: CheckResult | undefined
  #running: Promise<void> = Promise.resolve()

  constructor(config: WatchConfig, ends: SelfCheckEnds) {
    this.#config = config
    this.#pace = { ...CHECK_PACE, ...config.pace }
    this.#ends = ends
    for (const peer of ends.peers) config.own.peers.add(peer)
  }

  start(signal: AbortSignal): this {
    this.#running = this.#run(AbortSignal.any([signal, this.#stop.signal]))
    return this
  }

  readiness(): Readiness {
    return readiness(this.#last, performance.now(), this.#pace)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Error('the relay stops'))
    await this.#running
    await this.#ends[Symbol.asyncDispose]()
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const result = await this.#check(signal)
      if (signal.aborted) return
      this.#note(result)
      const { everyMs, afterFailureMs } = this.#pace
      const pauseMs = result.failure === undefined ? everyMs : afterFailureMs
      await delay(pauseMs, undefined, { signal }).catch(() => {})
    }
  }

  async #check(signal: AbortSignal): Promise<CheckResult> {
    const { timeoutMs } = this.#pace
    const startedAtMs = performance.now()
    using limit = deadline(signal, timeoutMs, `nothing happened for ${timeoutMs / 1000} s`)
    const failure = await this.#failure(limit)
    const endedAtMs = performance.now()
    const times = { endedAtMs, tookMs: endedAtMs - startedAtMs }
    return failure === undefined ? times : { ...times, failure }
  }

  async #failure(options: { signal: AbortSignal }): Promise<string | undefined> {
    const address = this.#config.address()
    if (address === undefined) return 'found no address that the relay listens on'
    const arrived = this.#config.own.expect(hostKey(address))
    try {
      await this.#ends.check(address, options)
      return undefined
    } catch (error) {
      return error instanceof Error ? error.message : String(error)
    } finally {
      arrived()
    }
  }

  #note(result: CheckResult): void {
    const before = this.#last
    this.#last = result
    const ready = result.failure === undefined
    if (ready) this.checks.passed++
    else this.checks.failed++
    if (before !== undefined && (before.failure === undefined) === ready) return
    const reason = ready ? {} : { reason: `the self-check ${result.failure}` }
    this.#config.onChange({ ready, ...reason })
  }
}
