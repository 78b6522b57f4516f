// One direction of a circuit: what one stream receives the other sends, as fast as the receiver takes it.
import type { Stream, StreamCloseEvent, StreamMessageEvent } from '@libp2p/interface'
import { asError } from '../../shared/as-error.ts'
import type { Pace } from './pace.ts'

/** A shorter pause costs more than it saves: its bytes are still owed, and add to the next. */
const MIN_DELAY_MS = 5

export interface DirectionEvents {
  /** Before the bytes are passed on. False keeps them back. */
  onBytes(count: number): boolean
  /** Nothing more can pass: all that was received has been passed on, or the receiver has gone. Once. */
  onEnd(): void
  /** The circuit cannot go on. */
  onFailure(end: 'from' | 'to', error: Error): void
}

/**
 * At most two receive windows are held: what is queued at `to`, and what `from` had been allowed to send before it was
 * paused. The library's `pipe()` holds everything (measured: 3.2 GB after 1.5 GB through one circuit).
 */
export class Direction {
  readonly #from: Stream
  readonly #to: Stream
  readonly #events: DirectionEvents
  readonly #pace: Pace | undefined
  readonly #stopped = new AbortController()
  #waiting: NodeJS.Timeout | undefined
  #blocked = false
  #resuming = false
  #closing = false

  constructor(from: Stream, to: Stream, events: DirectionEvents, pace?: Pace) {
    this.#from = from
    this.#to = to
    this.#events = events
    this.#pace = pace
  }

  /** Begins with what has arrived already: `from` may be paused, and either may have been closed by its remote. */
  start(): void {
    const { signal } = this.#stopped
    this.#from.addEventListener('message', this.#pass, { signal })
    this.#from.addEventListener('remoteCloseWrite', this.#closeOnceDrained, { signal })
    this.#from.addEventListener('close', this.#onSenderClosed, { signal })
    this.#to.addEventListener('drain', this.#unblockSoon, { signal })
    this.#to.addEventListener('idle', this.#unblockSoon, { signal })
    this.#to.addEventListener('close', this.#onReceiverClosed, { signal })
    const { status } = this.#from
    if (status === 'aborted' || status === 'reset') {
      this.#fail('from', new Error(`the stream was ${status}`))
      return
    }
    this.#resume()
    this.#closeOnceDrained()
    if (this.#to.status !== 'open') this.#onReceiverClosed()
  }

  stop(): void {
    clearTimeout(this.#waiting)
    this.#stopped.abort()
  }

  #pass = (event: StreamMessageEvent): void => {
    if (!this.#events.onBytes(event.data.byteLength)) return
    try {
      this.#blocked = !this.#to.send(event.data)
    } catch (error) {
      this.#fail('to', error)
      return
    }
    this.#keepPace(event.data.byteLength)
    this.#pauseWhenBlocked()
    this.#closeOnceDrained()
  }

  /** What `resume()` still hands out meanwhile is paid for as well. */
  #keepPace(bytes: number): void {
    const delayMs = this.#pace?.delayMs(bytes) ?? 0
    if (delayMs < MIN_DELAY_MS) return
    clearTimeout(this.#waiting)
    this.#waiting = setTimeout(this.#waited, delayMs)
  }

  #waited = (): void => {
    this.#waiting = undefined
    if (this.#blocked) return
    this.#resume()
    this.#closeOnceDrained()
  }

  /** Not inside resume(): at its end it allows the remote a new window, whatever its listeners did meanwhile. */
  #pauseWhenBlocked(): void {
    const held = this.#blocked || this.#waiting !== undefined
    if (held && !this.#resuming && this.#from.readStatus === 'readable') this.#from.pause()
  }

  /** `drain` comes before the stream has sent its queue, and for a full connection as well as for a full window. */
  #unblockSoon = (): void => {
    queueMicrotask(() => {
      const busy = this.#to.writableNeedsDrain || this.#to.writeBufferLength > 0
      if (!this.#blocked || busy || this.#stopped.signal.aborted) return
      this.#blocked = false
      if (this.#waiting === undefined) this.#resume()
      this.#closeOnceDrained()
    })
  }

  #resume(): void {
    if (this.#from.readStatus !== 'paused') return
    this.#resuming = true
    try {
      this.#from.resume()
    } catch (error) {
      // A closed stream has passed on what it held by now; only its window update could not be sent.
      if (this.#from.status === 'open') this.#fail('from', error)
    } finally {
      this.#resuming = false
    }
    this.#pauseWhenBlocked()
  }

  #closeOnceDrained = (): void => {
    const drained = this.#from.remoteWriteStatus === 'closed' && this.#from.readBufferLength === 0
    if (!drained || this.#closing || this.#stopped.signal.aborted) return
    this.#closing = true
    this.#to.close({ signal: this.#stopped.signal }).then(
      () => this.#events.onEnd(),
      (error: unknown) => this.#fail('to', error)
    )
  }

  #onSenderClosed = (event: StreamCloseEvent): void => {
    if (event.error === undefined) this.#closeOnceDrained()
    else this.#fail('from', event.error)
  }

  /** With an error it is the other direction's sender, and reported there. */
  #onReceiverClosed = (event?: StreamCloseEvent): void => {
    if (this.#closing || event?.error !== undefined) return
    this.#closing = true
    this.#events.onEnd()
  }

  #fail(end: 'from' | 'to', error: unknown): void {
    if (this.#stopped.signal.aborted) return
    this.#events.onFailure(end, asError(error))
  }
}
