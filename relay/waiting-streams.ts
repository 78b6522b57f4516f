// Streams that somebody has opened and not yet said what for, in all and by host: cheap to open, and costly to keep. (pure)
import type { TurnedAway } from './door.ts'
import { usageOf, type LimitName, type RelayLimits, type Usage } from './limits.ts'

/** The part of a stream that tells whether it still waits: its protocol, empty until it is agreed. */
export interface MaybeWaiting {
  readonly protocol: string
}

/** Peer and host of one stream never change. Those of `told` protocols wait until `settled` is called. */
export class WaitingStreams {
  readonly #limits: Readonly<RelayLimits>
  readonly #told: readonly string[]
  readonly #byHost = new Map<string, Set<MaybeWaiting>>()
  readonly #hosts = new WeakMap<MaybeWaiting, string>()
  #count = 0

  /** `told`: protocols whose handlers tell when a stream has said what it is for; others say it by their name. */
  constructor(limits: Readonly<RelayLimits>, told: readonly string[]) {
    this.#limits = limits
    this.#told = told
  }

  /** Counts one until it is settled; undefined when it may stay. */
  enter(stream: MaybeWaiting, host: string): TurnedAway | undefined {
    const full = this.#full(host)
    if (full !== undefined) return full
    const streams = this.#byHost.get(host) ?? new Set()
    this.#byHost.set(host, streams.add(stream))
    this.#hosts.set(stream, host)
    this.#count++
    return undefined
  }

  /** It has said what it is for, or has closed; more than once is as good as once. */
  settled(stream: MaybeWaiting): void {
    const host = this.#hosts.get(stream) ?? ''
    const streams = this.#byHost.get(host)
    if (streams?.delete(stream) !== true) return
    this.#count--
    if (streams.size === 0) this.#byHost.delete(host)
  }

  usage(): Usage[] {
    this.#look(this.#byHost.values())
    let most = 0
    for (const { size } of this.#byHost.values()) most = Math.max(most, size)
    const used = { 'waiting-streams': this.#count, 'waiting-streams-per-host': most }
    return usageOf(used, this.#limits)
  }

  /** What has been agreed meanwhile is looked for only where it matters. */
  #full(host: string): TurnedAway | undefined {
    const { 'waiting-streams': max, 'waiting-streams-per-host': perHost } = this.#limits
    const streams = this.#byHost.get(host)
    if (streams !== undefined && streams.size >= perHost) this.#look([streams])
    if (streams !== undefined && streams.size >= perHost) {
      return over('waiting-streams-per-host', `${host} has ${perHost} streams that wait`)
    }
    if (this.#count >= max) this.#look(this.#byHost.values())
    if (this.#count >= max) return over('waiting-streams', `${max} streams wait`)
    return undefined
  }

  #look(all: Iterable<Set<MaybeWaiting>>): void {
    for (const streams of all) {
      for (const stream of streams) {
        const { protocol } = stream
        if (protocol !== '' && !this.#told.includes(protocol)) this.settled(stream)
      }
    }
  }
}

const over = (limit: LimitName, what: string): TurnedAway => ({
  limit,
  reason: `${what} to be told what they are for`
})
