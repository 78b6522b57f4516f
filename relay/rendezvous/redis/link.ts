// The way to Redis: connects, renews this relay's lease, notices when Redis has lost its data, and connects again.
import { randomInt, randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { backoffMs } from '../../../shared/backoff.ts'
import { EPOCHS, type Epoch } from '../cookie.ts'
import { sequenceOf, textOf } from './replies.ts'
import { BEAT, DISCOVER, EPOCH_CHANGED, RELEASE } from './scripts.ts'
import { openSession, RefusedByRedis, type Argument, type RedisSession } from './session.ts'

const LOST_DATA = 'it has lost its data'

export interface RedisTimes {
  /** Between two renewals of the lease. */
  beatMs: number
  /** A relay that has been silent for so long is dead: several beats, and the time in which a restart is over; more than it takes to settle. */
  leaseMs: number
  firstRetryMs: number
  /** Nobody waits for long when Redis is back. */
  longestRetryMs: number
  /** After Redis came back: until then the other relays are back as well, and have registered their peers anew. */
  settleMs: number
}

export const REDIS_TIMES: RedisTimes = {
  beatMs: 3_000,
  leaseMs: 15_000,
  firstRetryMs: 250,
  longestRetryMs: 2_000,
  settleMs: 5_000
}

/** Entries that one beat clears up: a millisecond of Redis's time. */
const CLEARED_PER_BEAT = 500

export interface RedisLinkConfig {
  url: string
  times: RedisTimes
  /** Once for each time that Redis goes away or cannot be used. */
  onAway: (reason: string) => void
  /** Once for each time that it is there again. */
  onBack: () => void
  /** Registers anew what is held here, before anything is answered. Rejects with the end of the session. */
  registerAnew: (holding: Holding) => Promise<void>
  nowMs: () => number
}

/** A session, and what its scripts take. */
export interface Holding {
  session: RedisSession
  epoch: Epoch
  holder: string
}

export class RedisLink implements AsyncDisposable {
  /** Resolves when Redis has been reached, or the first try has failed. */
  readonly tried: Promise<void>
  /** From the first moment on. */
  holding: Holding | undefined
  /** When all is registered anew: others can be told what Redis knows. */
  serving: Holding | undefined
  /** Why it does not serve; undefined while it does. */
  problem: string | undefined = 'it has not been reached yet'
  /** Of all relays, at the last beat; undefined without a connection. */
  registrations: number | undefined
  readonly #config: RedisLinkConfig
  readonly #stopped = new AbortController()
  readonly #signal: AbortSignal
  readonly #running: Promise<void>
  readonly #tried = Promise.withResolvers<void>()
  #lastEpoch: Epoch | undefined
  #isAway = false

  constructor(config: RedisLinkConfig, options: { signal: AbortSignal }) {
    this.#config = config
    this.#signal = AbortSignal.any([options.signal, this.#stopped.signal])
    this.tried = this.#tried.promise
    this.#running = this.#keep()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped.abort(new Error('the store of rooms stops'))
    await this.#running
  }

  /** Undefined when there is no usable answer. */
  async run(
    { session, epoch, holder }: Holding,
    script: string,
    args: Argument[]
  ): Promise<unknown[] | undefined> {
    const who = script === DISCOVER ? [] : [holder]
    try {
      const urgent = script === RELEASE
      const answer = await session.run(script, [String(epoch), ...who, ...args], { urgent })
      if (textOf(answer[0]) !== EPOCH_CHANGED) return answer
      session.end(new Error(LOST_DATA))
    } catch (error) {
      // A client tries again. What was let go here and not there is made good by starting over.
      if (error instanceof RefusedByRedis && script === RELEASE) session.end(error)
    }
    return undefined
  }

  /** Never rejects: whatever happens is a reason to connect again. */
  async #keep(): Promise<void> {
    for (let failures = 0; !this.#signal.aborted;) {
      const startedMs = this.#config.nowMs()
      const reason = await this.#serve()
      this.holding = undefined
      this.serving = undefined
      this.registrations = undefined
      this.#tried.resolve()
      if (this.#signal.aborted) break
      this.#away(reason)
      const held = this.#config.nowMs() - startedMs > this.#config.times.settleMs
      failures = held ? 1 : failures + 1
      const { firstRetryMs: firstMs, longestRetryMs: longestMs } = this.#config.times
      const pauseMs = backoffMs(failures, Math.random(), { firstMs, longestMs })
      await sleep(pauseMs, undefined, { signal: this.#signal }).catch(() => undefined) // stopped: the loop ends
    }
  }

  /** From the connection to its end; resolves with the reason. */
  async #serve(): Promise<string> {
    let session: RedisSession | undefined
    try {
      session = await openSession(this.#config.url, this.#signal)
      await this.#use(session)
      return 'it was left'
    } catch (error) {
      const why: unknown = session?.ended.aborted === true ? session.ended.reason : error
      session?.end(why instanceof Error ? why : new Error(String(why)))
      return why instanceof Error ? why.message || why.name : String(why)
    }
  }

  async #use(session: RedisSession): Promise<void> {
    const holder = randomUUID()
    const startedMs = this.#config.nowMs()
    const epoch = await this.#beat(session, holder, false)
    const holding = { session, epoch, holder }
    this.holding = holding
    await this.#config.registerAnew(holding)
    const lostData = this.#lastEpoch !== undefined && this.#lastEpoch !== epoch
    if (lostData) await wait(this.#config.times.settleMs, session.ended)
    this.#lastEpoch = epoch
    this.serving = holding
    this.#tried.resolve()
    this.#back()
    for (;;) {
      await wait(this.#config.times.beatMs, session.ended)
      const settled = this.#config.nowMs() - startedMs >= this.#config.times.settleMs
      const now = await this.#beat(session, holder, settled)
      if (now !== epoch) throw new Error(LOST_DATA)
    }
  }

  async #beat(session: RedisSession, holder: string, clearUp: boolean): Promise<Epoch> {
    const args = [
      randomInt(EPOCHS),
      holder,
      this.#config.times.leaseMs,
      clearUp ? 1 : 0,
      CLEARED_PER_BEAT
    ]
    const [answer, registrations] = await session.run(BEAT, args.map(String), { urgent: true })
    const epoch = sequenceOf(answer)
    if (epoch === undefined || epoch >= EPOCHS) throw new Error('it answers nonsense')
    this.registrations = sequenceOf(registrations)
    return epoch
  }

  #away(reason: string): void {
    if (!this.#isAway) this.#config.onAway(reason)
    this.#isAway = true
    this.problem = reason
  }

  #back(): void {
    if (this.#isAway) this.#config.onBack()
    this.#isAway = false
    this.problem = undefined
  }
}

async function wait(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => signal.throwIfAborted())
}
