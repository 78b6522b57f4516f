// One of the two who talk while something goes wrong: over several runs of its program, if it is killed.

import type { NextOptions, Told } from '../../../peer/demo/actor.ts'
import type { PeerActor } from '../../../peer/demo/cast.ts'
import type { PathKind, PeerEvent } from '../../../peer/events.ts'
import type { Span } from './tally.ts'

type Event = Told<PeerEvent>

/** What a killed run had stored of the other's lines, printed or not. */
export type Stored = Array<{ id: string; text: string }>

export interface Run {
  actor: PeerActor
  /** Lines written to its standard input. */
  lines: number
  /** Once it has been killed. */
  stored: Stored
}

export interface PlayerOptions {
  name: string
  start: () => Promise<PeerActor>
  /** What its history has of the other's lines, oldest first; only asked for while it does not run. */
  readStored: () => Promise<Stored>
}

export class Player {
  readonly name: string
  readonly said: string[] = []
  readonly away: Span[] = []
  readonly runs: Run[] = []
  /** Whether it has somebody to talk to and a process to talk with. */
  talks = false
  readonly #options: PlayerOptions
  #killedAtMs = 0

  constructor(options: PlayerOptions) {
    this.name = options.name
    this.#options = options
  }

  /** Resolves when it has been started; it has met nobody yet. */
  async start(): Promise<void> {
    this.runs.push({ actor: await this.#options.start(), lines: 0, stored: [] })
  }

  get run(): Run {
    const run = this.runs.at(-1)
    if (run === undefined) throw new Error(`${this.name} has not been started`)
    return run
  }

  get now(): PeerActor {
    return this.run.actor
  }

  say(): void {
    const line = `${this.name} ${this.said.length + 1}`
    this.said.push(line)
    this.run.lines += 1
    this.now.say(line)
  }

  /** Its peer id; the program has told it when it has met somebody. */
  get id(): string {
    const started = this.now.events.find((told) => told.event === 'started')
    if (started?.event !== 'started') throw new Error(`${this.name} has not told who it is`)
    return started.peerId
  }

  /** The port it listens on. */
  get port(): number {
    const started = this.now.events.find((told) => told.event === 'started')
    const addresses = started?.event === 'started' ? started.addresses : []
    const port = /^\/ip4\/[^/]+\/tcp\/(\d+)/.exec(addresses[0] ?? '')?.[1]
    if (port === undefined) throw new Error(`${this.name} listens on no port`)
    return Number(port)
  }

  /** Which path it told of last. */
  get path(): PathKind {
    const told = this.now.events.findLast((event) => event.event === 'path')
    return told?.event === 'path' ? told.path : 'none'
  }

  /** The address by which it has the other, as it told last. */
  get way(): string {
    const told = this.now.events.findLast((event) => event.event === 'path')
    return told?.event === 'path' ? (told.address ?? '') : ''
  }

  async hasPath(path: PathKind, signal: AbortSignal): Promise<void> {
    await this.#when(() => this.path === path, { signal, what: `a path that is ${path}` })
  }

  /** Its way to the other leads to that port. */
  async hasWayTo(port: number, signal: AbortSignal): Promise<void> {
    const holds = (): boolean => this.way.includes(`/tcp/${port}/`)
    await this.#when(holds, { signal, what: `a way to port ${port}` })
  }

  /** The first such event from now on. */
  async next(match: (told: Event) => boolean, options: NextOptions): Promise<Event> {
    return this.now.next(match, { from: this.now.mark(), ...options })
  }

  /** SIGKILL. Resolves when it is known what it had stored. */
  async kill(): Promise<void> {
    const { run } = this
    this.talks = false
    this.#killedAtMs = Date.now()
    this.now.kill('SIGKILL')
    await this.now.exited
    run.stored = await this.#options.readStored()
  }

  /** A new run on the state folder of the one that was killed. Resolves when it has met the other and talks again. */
  async restart(signal: AbortSignal): Promise<void> {
    await this.start()
    const { at } = await this.now.next('started', { signal })
    this.away.push({ fromMs: this.#killedAtMs, toMs: Date.parse(at) })
    await this.now.next('discovered', { signal })
    this.talks = true
  }

  /** SIGSTOP, and SIGCONT when `meanwhile` resolves. Lines are written to its standard input all the same. */
  async stopWhile(meanwhile: Promise<unknown>): Promise<void> {
    const fromMs = Date.now()
    this.now.kill('SIGSTOP')
    try {
      await meanwhile
    } finally {
      this.now.kill('SIGCONT')
      this.away.push({ fromMs, toMs: Date.now() })
    }
  }

  /** At once, or when it tells of a path with which it holds. */
  async #when(holds: () => boolean, options: NextOptions): Promise<void> {
    if (!holds()) await this.next((told) => told.event === 'path' && holds(), options)
  }
}
