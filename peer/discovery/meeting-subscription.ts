// Is told by a relay of those members who are told of us in the same instant, and that the relay is about to stop: on
// one stream that stays open for it.
// What is said there: shared/wire/meeting.ts. Without it, or with a relay that does not speak it, DISCOVER tells later.
import { UnsupportedProtocolError, type Connection, type Stream } from '@libp2p/interface'
import { asError } from '../../shared/as-error.ts'
import { openAtOnce } from '../../shared/transport/optimistic-streams.ts'
import { lengthPrefixed } from '../../shared/wire/field-writer.ts'
import {
  decodeNotice,
  encodeSubscribe,
  MAX_MEET_BYTES,
  MEETING_PROTOCOL,
  type Leaving
} from '../../shared/wire/meeting.ts'
import { readFrames } from '../conversation/frames.ts'
import { Delay } from '../delay.ts'
import { PerMinute } from '../per-minute.ts'
import { closesWithin } from '../reservations/closing.ts'
import { unlessAborted } from '../unless-aborted.ts'
import { openRegistration, type FoundPeer } from './rendezvous-client.ts'

/** What is used of a connection to a relay. */
export type ListeningConnection = Pick<
  Connection,
  'newStream' | 'status' | 'remotePeer' | 'addEventListener' | 'removeEventListener'
>

/**
 * Relay → resolves when the subscription there is over. A relay tells a peer on the stream that it opened last: two that
 * reach one relay, by two of its addresses, would end each other's by turns.
 */
export type Subscriptions = Map<string, Promise<unknown>>

export interface MeetingSubscriptionConfig {
  room: string
  /** Of all that this peer has. */
  subscriptions: Subscriptions
  /** Signed by whom it is about. Absent: nobody is told of us. */
  onMeet?: ((found: FoundPeer) => void) | undefined
  /** The relay at the other end of that connection is about to stop. */
  onLeaving?: ((connection: ListeningConnection, leaving: Leaving) => void) | undefined
}

/** A record has a packet or two. */
const FRAME_TIMEOUT_MS = 10_000

/** Twice what our relay tells a peer; each costs a millisecond of CPU to verify. */
const MAX_MEETS_PER_MINUTE = 240

/** After a stream that has ended, by a relay that had enough of us or that we had enough of. */
const RESUBSCRIBE_MS = 60_000

export class MeetingSubscription {
  readonly #config: MeetingSubscriptionConfig
  readonly #signal: AbortSignal
  readonly #budget = new PerMinute(MAX_MEETS_PER_MINUTE)

  constructor(config: MeetingSubscriptionConfig, signal: AbortSignal) {
    this.#config = config
    this.#signal = signal
  }

  /**
   * For as long as that connection stands, if the relay speaks the protocol and nobody listens to it on another one.
   * Never rejects.
   */
  async listen(connection: ListeningConnection): Promise<void> {
    const { subscriptions } = this.#config
    const relay = connection.remotePeer.toString()
    const closed = new AbortController()
    connection.addEventListener('close', () => closed.abort(), { once: true })
    const signal = AbortSignal.any([this.#signal, closed.signal])
    for (let other = subscriptions.get(relay); other !== undefined;) {
      await unlessAborted(other, signal).catch(() => undefined) // stopped, or closed
      if (signal.aborted) return
      other = subscriptions.get(relay)
    }
    const over = this.#keep(connection).finally(() => subscriptions.delete(relay))
    subscriptions.set(relay, over)
    await over
  }

  async #keep(connection: ListeningConnection): Promise<void> {
    const wait = { delay: new Delay(), signal: this.#signal }
    while (connection.status === 'open' && !this.#signal.aborted) {
      const error = await this.#hear(connection)
      if (error instanceof UnsupportedProtocolError) return
      await closesWithin(connection, RESUBSCRIBE_MS, wait).catch(() => undefined) // stopped: the loop ends
    }
  }

  /** One stream, to its end; resolves with the reason. */
  async #hear(connection: ListeningConnection): Promise<Error | undefined> {
    let stream: Stream | undefined
    try {
      stream = await openAtOnce(connection, MEETING_PROTOCOL, { signal: this.#signal })
      const { room, onMeet } = this.#config
      stream.send(lengthPrefixed(encodeSubscribe({ rooms: onMeet === undefined ? [] : [room] })))
      const limits = { maxFrameBytes: MAX_MEET_BYTES, frameTimeoutMs: FRAME_TIMEOUT_MS }
      for await (const frames of readFrames(stream, { ...limits, signal: this.#signal })) {
        for (const frame of frames) await this.#heard(connection, frame)
      }
      await stream.close({ signal: this.#signal })
      return undefined
    } catch (cause) {
      const error = asError(cause)
      stream?.abort(error)
      return error
    }
  }

  async #heard(connection: ListeningConnection, frame: Uint8Array): Promise<void> {
    if (!this.#budget.take('all', performance.now()))
      throw new Error(`the relay tells of more than ${MAX_MEETS_PER_MINUTE} meetings in a minute`)
    const notice = decodeNotice(frame)
    const { room, onMeet, onLeaving } = this.#config
    if (notice.type === 'leaving') {
      onLeaving?.(connection, notice)
      return
    }
    if (onMeet === undefined) return
    const { room: ns, signedPeerRecord } = notice
    const found = await openRegistration({ ns, signedPeerRecord }, room, this.#signal)
    if (found !== undefined) onMeet(found)
  }
}
