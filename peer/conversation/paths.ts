// The connections to one peer, as the conversation sees them: which are open, where a stream failed and how often.
import type { Connection } from '@libp2p/interface'
import { Circuit } from '@multiformats/multiaddr-matcher'
import type { Carrier } from './api.ts'
import { chooseRoute, type Route } from './router.ts'
import { type ConversationTiming, retryDelayMs } from './timing.ts'

export interface KnownPath {
  readonly connection: Connection
  readonly direct: boolean
  /** Streams that failed there since the last success. */
  failures: number
  /** Not before this moment again. */
  retryAtMs: number
}

export class Paths {
  readonly #timing: ConversationTiming
  readonly #paths = new Map<string, KnownPath>()
  /** The connection that ended last, and why, where that is known. */
  #ended: { id: string; why: string } | undefined

  constructor(timing: ConversationTiming) {
    this.#timing = timing
  }

  get size(): number {
    return this.#paths.size
  }

  /** False when it was known. */
  add(connection: Connection): boolean {
    if (this.#paths.has(connection.id)) return false
    const direct = isDirect(connection)
    this.#paths.set(connection.id, { connection, direct, failures: 0, retryAtMs: 0 })
    return true
  }

  /** False when it was not known. */
  remove(connection: Connection, why?: string): boolean {
    if (why !== undefined) this.#ended = { id: connection.id, why }
    return this.#paths.delete(connection.id)
  }

  get(connectionId: string): KnownPath | undefined {
    return this.#paths.get(connectionId)
  }

  /** Forgets what has closed, and tells which connection should carry the conversation. */
  route(carrying: string | undefined, nowMs: number): Route {
    for (const [id, { connection }] of this.#paths) {
      if (connection.status !== 'open') this.#paths.delete(id)
    }
    const paths = [...this.#paths.values()].map(({ connection, direct, retryAtMs }) => ({
      id: connection.id,
      direct,
      openedAtMs: connection.timeline.open,
      status: connection.status,
      retryAtMs
    }))
    const whyEnded = carrying === this.#ended?.id ? this.#ended?.why : undefined
    return chooseRoute(paths, { carrying, whyEnded }, nowMs)
  }

  /** A stream failed on it, or could not be opened. */
  failed(path: KnownPath, nowMs: number): void {
    path.failures++
    path.retryAtMs = nowMs + retryDelayMs(this.#timing, path.failures, Math.random())
  }

  /** The peer is there: worth trying, but one that makes us fail each time sets no pace. */
  hurry(path: KnownPath, nowMs: number): void {
    const pauseMs = path.failures === 0 ? 0 : this.#timing.retryMinMs
    path.retryAtMs = Math.min(path.retryAtMs, nowMs + pauseMs)
  }

  /** Nothing is tried on any of them for a while. */
  holdAll(nowMs: number): void {
    for (const path of this.#paths.values()) path.retryAtMs = nowMs + this.#timing.retryMaxMs
  }
}

/** `limits` does not tell: a relay without limits is a relay all the same. */
export function isDirect(connection: Connection): boolean {
  return !Circuit.matches(connection.remoteAddr)
}

export function carrierOf(connection: Connection): Carrier {
  const { id: connectionId, remoteAddr } = connection
  return { connectionId, direct: isDirect(connection), address: remoteAddr.toString() }
}
