// A program that plays a part: its process, the events it prints with --json, the lines it is told on stdin.
import type { ChildProcess } from 'node:child_process'
import { StringDecoder } from 'node:string_decoder'
import { setTimeout as sleep } from 'node:timers/promises'

/** An event as `--json` prints it. `at` is ISO 8601 with milliseconds. */
export type Told<E> = E & { at: string }

export interface NextOptions {
  signal: AbortSignal
  /** Events before this place are passed over: a `mark()` of this actor. Default: from the first one on. */
  from?: number
  /** What a predicate looks for, for the error: "a direct path". */
  what?: string
}

export interface Ending {
  code: number | null
  signal: NodeJS.Signals | null
}

/** Programs print a line or two for each message; a scene has some hundreds. */
const MAX_EVENTS = 20_000

/** A message's text is at most a few KiB. */
const MAX_LINE_BYTES = 256 * 1024

/** What is kept of standard error, for the words of a failure. */
const MAX_STDERR_CHARS = 8_000

/** Asked to leave, a program says its goodbyes; one that takes longer is stuck. */
const LEAVE_WITHIN_MS = 3_000

export class Actor<E extends { event: string }> implements AsyncDisposable {
  readonly name: string
  /** All so far, oldest first. */
  readonly events: Array<Told<E>> = []
  /** Resolves when the process has ended and everything it printed has been read; never rejects. */
  readonly exited: Promise<Ending>
  readonly #child: ChildProcess
  readonly #leaveWithinMs: number
  #stderr = ''
  #ending: Ending | undefined
  /** It could not be started, or printed what no program of ours prints. */
  #failure: string | undefined
  #news = Promise.withResolvers<void>()

  constructor(name: string, child: ChildProcess, { leaveWithinMs = LEAVE_WITHIN_MS } = {}) {
    this.name = name
    this.#child = child
    this.#leaveWithinMs = leaveWithinMs
    this.exited = this.#watch(child)
  }

  /** The end of what it wrote to standard error. */
  get stderr(): string {
    return this.#stderr
  }

  /** A place in the events, for `next`: only what comes after it. */
  mark(): number {
    return this.events.length
  }

  /**
   * The first event of that name, or that the predicate accepts: one that was told already or one to come. Rejects
   * when the signal aborts or the program ends before, with an Error that says what it did tell.
   */
  next<K extends E['event']>(
    match: K,
    options: NextOptions
  ): Promise<Told<Extract<E, { event: K }>>>
  next<T extends Told<E>>(match: (event: Told<E>) => event is T, options: NextOptions): Promise<T>
  next(match: (event: Told<E>) => boolean, options: NextOptions): Promise<Told<E>>
  async next(
    match: string | ((event: Told<E>) => boolean),
    { signal, from = 0, what = nameOf(match) }: NextOptions
  ): Promise<Told<E>> {
    const wanted = typeof match === 'string' ? ({ event }: Told<E>) => event === match : match
    const aborted = Promise.withResolvers<void>()
    const abort = (): void => aborted.resolve()
    signal.addEventListener('abort', abort, { once: true })
    try {
      for (let place = from; ;) {
        const found = this.events.slice(place).find(wanted)
        if (found !== undefined) return found
        place = Math.max(place, this.events.length)
        if (signal.aborted) throw this.#error(`did not tell ${what} in time`)
        if (this.#failure !== undefined) throw this.#error(this.#failure)
        if (this.#ending !== undefined) throw this.#error(`ended before it told ${what}`)
        await Promise.race([this.#news.promise, aborted.promise])
      }
    } finally {
      signal.removeEventListener('abort', abort)
    }
  }

  /** A line on its standard input. */
  say(line: string): void {
    this.#child.stdin?.write(`${line}\n`)
  }

  /** Ends its standard input: a peer delivers what was said, then leaves. */
  hangUp(): void {
    this.#child.stdin?.end()
  }

  /** Reaches that process and no other. */
  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** Asks it to leave, and kills it when it does not. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#ending !== undefined) return
    this.kill('SIGTERM')
    const patience = new AbortController()
    await Promise.race([
      this.exited,
      sleep(this.#leaveWithinMs, undefined, { signal: patience.signal }).catch(() => undefined)
    ])
    patience.abort()
    this.kill('SIGKILL')
    await this.exited
  }

  #watch(child: ChildProcess): Promise<Ending> {
    // A program that has left does not read what is still written to it.
    child.stdin?.on('error', () => {})
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-MAX_STDERR_CHARS)
    })
    child.stdout?.on('data', this.#lineReader())
    const { promise, resolve } = Promise.withResolvers<Ending>()
    const end = (ending: Ending): void => {
      this.#ending ??= ending
      this.#wake()
      resolve(ending)
    }
    child.once('close', (code, signal) => end({ code, signal }))
    child.once('error', (error) => {
      this.#failure ??= `could not be started: ${error.message}`
      if (child.pid === undefined) end({ code: null, signal: null })
    })
    return promise
  }

  #lineReader(): (bytes: Buffer) => void {
    const decoder = new StringDecoder('utf8')
    let rest = ''
    return (bytes) => {
      const lines = (rest + decoder.write(bytes)).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) this.#hear(line)
      if (rest.length > MAX_LINE_BYTES) this.#giveUp('printed a line without an end')
    }
  }

  #hear(line: string): void {
    if (this.events.length >= MAX_EVENTS) {
      this.#giveUp(`told more than ${MAX_EVENTS} events`)
      return
    }
    const event = parse(line)
    if (!isTold<E>(event)) {
      this.#giveUp(`printed a line that is no event: ${line.slice(0, 200)}`)
      return
    }
    this.events.push(event)
    this.#wake()
  }

  #giveUp(failure: string): void {
    this.#failure ??= failure
    this.#child.stdout?.destroy()
    this.kill('SIGKILL')
    this.#wake()
  }

  #wake(): void {
    const { resolve } = this.#news
    this.#news = Promise.withResolvers()
    resolve()
  }

  #error(what: string): Error {
    const last = this.events.slice(-8).map((event) => JSON.stringify(event))
    return new Error(
      [`${this.name} ${what}; it told last:`, ...last, this.#stderr.trim()].join('\n').trim()
    )
  }
}

function nameOf(match: unknown): string {
  return typeof match === 'string' ? `"${match}"` : 'what was awaited'
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}

/** The programs' own types say what else is in an event. */
function isTold<E>(value: unknown): value is Told<E> {
  return (
    typeof value === 'object' &&
    value !== null &&
    'event' in value &&
    typeof value.event === 'string' &&
    'at' in value &&
    typeof value.at === 'string'
  )
}
