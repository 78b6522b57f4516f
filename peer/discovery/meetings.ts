// Is told by a relay of those members who are told of us in the same instant: on one stream that stays open for it.
// What is said there: shared/wire/meeting.ts. Without it, or with a relay that does not speak it, DISCOVER tells later.
import { setTimeout as sleep } from 'node:timers/promises'
import { UnsupportedProtocolError, type Stream } from '@libp2p/interface'
import { asError } from '../../shared/as-error.ts'
import { openAtOnce } from '../../shared/transport/optimistic-streams.ts'
import { lengthPrefixed } from '../../shared/wire/field-writer.ts'
import {
  decodeMeet,
  encodeSubscribe,
  MAX_MEET_BYTES,
  MEETING_PROTOCOL
} from '../../shared/wire/meeting.ts'
import { readFrames } from '../conversation/frames.ts'
import { PerMinute } from '../per-minute.ts'
import type { RelayConnection } from './channel.ts'
import { openRegistration, type FoundPeer } from './rendezvous-client.ts'

export interface MeetingsConfig {
  room: string
  /** Signed by whom it is about. */
  onMeet: (found: FoundPeer) => void
}

/** A record has a packet or two. */
const FRAME_TIMEOUT_MS = 10_000

/** Twice what our relay tells a peer; each costs a millisecond of CPU to verify. */
const MAX_MEETS_PER_MINUTE = 240

/** After a stream that has ended, by a relay that had enough of us or that we had enough of. */
const RESUBSCRIBE_MS = 60_000

export class Meetings {
  readonly #config: MeetingsConfig
  readonly #signal: AbortSignal
  readonly #budget = new PerMinute(MAX_MEETS_PER_MINUTE)

  constructor(config: MeetingsConfig, signal: AbortSignal) {
    this.#config = config
    this.#signal = signal
  }

  /** For as long as that connection stands, if the relay speaks the protocol. Never rejects. */
  async listen(connection: RelayConnection): Promise<void> {
    while (connection.status === 'open' && !this.#signal.aborted) {
      const error = await this.#hear(connection)
      if (error instanceof UnsupportedProtocolError) return
      await sleep(RESUBSCRIBE_MS, undefined, { signal: this.#signal, ref: false }).catch(
        () => undefined // stopped: the loop ends
      )
    }
  }

  /** One stream, to its end; resolves with the reason. */
  async #hear(connection: RelayConnection): Promise<Error | undefined> {
    let stream: Stream | undefined
    try {
      stream = await openAtOnce(connection, MEETING_PROTOCOL, { signal: this.#signal })
      stream.send(lengthPrefixed(encodeSubscribe({ rooms: [this.#config.room] })))
      const limits = { maxFrameBytes: MAX_MEET_BYTES, frameTimeoutMs: FRAME_TIMEOUT_MS }
      for await (const frames of readFrames(stream, { ...limits, signal: this.#signal })) {
        for (const frame of frames) await this.#heard(frame)
      }
      await stream.close({ signal: this.#signal })
      return undefined
    } catch (cause) {
      const error = asError(cause)
      stream?.abort(error)
      return error
    }
  }

  async #heard(frame: Uint8Array): Promise<void> {
    if (!this.#budget.take('all', performance.now()))
      throw new Error(`the relay tells of more than ${MAX_MEETS_PER_MINUTE} meetings in a minute`)
    const { room: ns, signedPeerRecord } = decodeMeet(frame)
    const { room, onMeet } = this.#config
    const found = await openRegistration({ ns, signedPeerRecord }, room, this.#signal)
    if (found !== undefined) onMeet(found)
  }
}
