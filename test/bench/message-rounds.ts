// Measures one pair of peers: messages and raw echoes in turns, so that the noise of the machine hits both alike.
import type { Connection } from '@libp2p/interface'
import type { Talker } from '../support/talkers.ts'
import type { AnsweringPeer } from './answering.ts'
import { sharedClockMs } from './shared-clock.ts'
import { Echo } from './echo.ts'

const MESSAGE_BYTES = 100
const TEXT = 'x'.repeat(MESSAGE_BYTES)
/** Fewer than may wait for one peer. */
const BURST = 5_000
/** One after the other; enough for a p99 of each round. */
const ROUND_TRIPS = 200
/** For the compiler and the caches. */
const WARM_UP = 300

/** Milliseconds, sorted, and messages a second. */
export interface Round {
  shown: number[]
  acknowledged: number[]
  echo: number[]
  perSecond: number
  echoPerSecond: number
}

export class Pair {
  readonly #ann: Talker
  readonly #ben: AnsweringPeer
  readonly #peer: string
  readonly #echo: Echo
  #delivered: (() => void) | undefined

  static async open(ann: Talker, ben: AnsweringPeer, connection: Connection): Promise<Pair> {
    const pair = new Pair(ann, ben, connection, await Echo.open(connection, MESSAGE_BYTES))
    ann.conversations.admit(pair.#peer)
    await ann.until(() => ann.of('carrier').length > 0)
    for (let index = 0; index < WARM_UP; index++) await pair.#sayOne()
    await pair.#echo.send(WARM_UP)
    return pair
  }

  private constructor(ann: Talker, ben: AnsweringPeer, connection: Connection, echo: Echo) {
    this.#ann = ann
    this.#ben = ben
    this.#peer = connection.remotePeer.toString()
    this.#echo = echo
    ann.conversations.subscribe(({ type }) => {
      if (type === 'delivered') this.#delivered?.()
    })
  }

  async round(messages: number): Promise<Round> {
    await this.#ben.shown()
    const sent = new Map<string, number>()
    const acknowledged: number[] = []
    const echo: number[] = []
    for (let index = 0; index < ROUND_TRIPS; index++) {
      const { id, sentMs, doneMs } = await this.#sayOne()
      sent.set(id, sentMs)
      acknowledged.push(doneMs - sentMs)
      echo.push(await this.#echo.send(1))
    }
    const shownAt = await this.#ben.shown()
    const shown = [...sent].map(([id, sentMs]) => (shownAt.get(id) ?? NaN) - sentMs)
    return {
      shown: sorted(shown),
      acknowledged: sorted(acknowledged),
      echo: sorted(echo),
      perSecond: (messages / (await this.#sayMany(messages))) * 1000,
      echoPerSecond: (messages / (await this.#echo.send(messages))) * 1000
    }
  }

  async #sayOne(): Promise<{ id: string; sentMs: number; doneMs: number }> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#delivered = resolve
    const sentMs = sharedClockMs()
    const id = this.#say()
    await promise
    return { id, sentMs, doneMs: sharedClockMs() }
  }

  /** Milliseconds until all are told as delivered. */
  async #sayMany(messages: number): Promise<number> {
    this.#delivered = undefined
    const beganMs = sharedClockMs()
    for (let said = 0; said < messages; said += BURST) {
      for (let index = said; index < Math.min(messages, said + BURST); index++) this.#say()
      await this.#ann.conversations.delivered(AbortSignal.timeout(120_000))
    }
    return sharedClockMs() - beganMs
  }

  #say(): string {
    const { conversations } = this.#ann
    return conversations.send({ text: TEXT, to: [this.#peer], room: 'kitchen' }).id
  }
}

const sorted = (values: number[]): number[] => values.toSorted((one, other) => one - other)
