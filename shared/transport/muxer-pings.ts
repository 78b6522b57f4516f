// Ends connections whose other side has gone without a word. The library opens a stream for each ping, on all connections
// in the same instant, every 10 s: 1 ms of CPU for each, so that 10,000 idle peers would take a relay whole. A ping of
// yamux is a frame of 12 bytes there and back, and here a tenth of the connections is asked each second.
import type { Connection, Startable, StreamMuxer } from '@libp2p/interface'
import { asError } from '../as-error.ts'
import { deadline, type Deadline } from '../deadline.ts'
import { muxerOf } from './muxer-parts.ts'

export interface MuxerPingsComponents {
  connectionManager: { getConnections(): Connection[] }
}

export interface MuxerPingsConfig {
  /** Without an answer for so long a connection is ended. */
  timeoutMs: number
  /** Each connection is asked once in so many turns. */
  turns?: number
  turnMs?: number
}

const TURNS = 10
const TURN_MS = 1000

/** For the `services` of a node. */
export function muxerPings(
  config: MuxerPingsConfig
): (components: MuxerPingsComponents) => MuxerPings {
  return (components) => new MuxerPings(components, config)
}

export class MuxerPings implements Startable {
  readonly #components: MuxerPingsComponents
  readonly #config: MuxerPingsConfig
  #stopping = new AbortController()
  #timer: NodeJS.Timeout | undefined
  #turn = 0

  constructor(components: MuxerPingsComponents, config: MuxerPingsConfig) {
    this.#components = components
    this.#config = config
  }

  start(): void {
    this.#stopping = new AbortController()
    this.#timer = setInterval(this.#ask, this.#config.turnMs ?? TURN_MS).unref()
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#stopping.abort()
  }

  #ask = (): void => {
    const turns = this.#config.turns ?? TURNS
    const turn = this.#turn++ % turns
    const due = this.#components.connectionManager
      .getConnections()
      .filter((_, index) => index % turns === turn)
    if (due.length === 0) return
    const limit = deadline(this.#stopping.signal, this.#config.timeoutMs, 'it answers no pings')
    void Promise.all(due.map((connection) => this.#ping(connection, limit))).finally(() =>
      limit[Symbol.dispose]()
    )
  }

  async #ping(connection: Connection, { signal }: Deadline): Promise<void> {
    try {
      const muxer = muxerOf(connection)
      if (muxer !== undefined && isPinging(muxer)) await muxer.ping({ signal })
    } catch (error) {
      if (this.#stopping.signal.aborted || connection.status !== 'open') return
      connection.abort(asError(error))
    }
  }
}

interface PingingMuxer {
  ping(options: { signal: AbortSignal }): Promise<unknown>
}

const isPinging = (muxer: StreamMuxer): muxer is StreamMuxer & PingingMuxer => 'ping' in muxer
