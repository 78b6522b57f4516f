// Dials that end when the test says so, and connections that are nothing but themselves.
import type { Connection } from '@libp2p/interface'
import type { TransportDial } from '../../peer/traversal/punch.ts'
import type { RaceInit } from '../../peer/traversal/race.ts'

export function fakeConnection(): Connection {
  return Object.create(null)
}

/** Nobody answers, until its signal ends it. */
export const endlessDial: TransportDial = async (_, { signal }) => {
  const { promise, reject } = Promise.withResolvers<Connection>()
  signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  return promise
}

export interface RacingDial {
  candidate: string
  atMs: number
  signal: AbortSignal
  /** The socket is connected; the handshakes begin. */
  connect(): void
  succeed(connection: Connection): void
  /** `code` is the system's; without one the message speaks. */
  fail(message: string, code?: string): void
}

/** What `race` is given to dial with and to hear of connections from. */
export class RacingDials {
  readonly dials: RacingDial[] = []
  /** When not every dial is worth a decision: what becomes of each. */
  each: (dial: RacingDial) => void = () => undefined
  readonly #accepted = Promise.withResolvers<Connection>()
  readonly #nowMs: () => number

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs
  }

  readonly dial: RaceInit['dial'] = async (candidate, { signal, onConnect }) => {
    const { promise, resolve, reject } = Promise.withResolvers<Connection>()
    signal.addEventListener('abort', () => reject(signal.reason))
    const dial: RacingDial = {
      candidate: candidate.toString(),
      atMs: this.#nowMs(),
      signal,
      connect: onConnect,
      succeed: (connection) => {
        resolve(connection)
        this.accept(connection)
      },
      fail: (message, code) =>
        reject(Object.assign(new Error(message), code === undefined ? {} : { code }))
    }
    this.dials.push(dial)
    this.each(dial)
    return promise
  }

  /** A connection stands, whoever dialled. */
  accept(connection: Connection): void {
    this.#accepted.resolve(connection)
  }

  readonly connected = async (signal: AbortSignal): Promise<Connection> => {
    const given = Promise.withResolvers<never>()
    signal.addEventListener('abort', () => given.reject(signal.reason))
    return Promise.race([this.#accepted.promise, given.promise])
  }
}
