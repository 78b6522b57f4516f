// Is told by a relay of those in the room who are told of us in the same instant: one stream that stays open on the
// connection to the relay.
import type { Stream } from '@libp2p/interface'
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
import type { RelayConnection } from './channel.ts'
import { openRegistration, type FoundPeer } from './rendezvous-client.ts'

export interface MeetingsConfig {
  room: string
  /** Whoever signed this is told of us now. */
  onMeet: (found: FoundPeer) => void
}

const FRAME_TIMEOUT_MS = 10_000

export class Meetings {
  readonly #config: MeetingsConfig
  readonly #signal: AbortSignal

  constructor(config: MeetingsConfig, signal: AbortSignal) {
    this.#config = config
    this.#signal = signal
  }

  /** Listens on that connection for as long as it stands, if the relay speaks the protocol. */
  async listen(connection: RelayConnection): Promise<void> {
    let stream: Stream | undefined
    try {
      stream = await openAtOnce(connection, MEETING_PROTOCOL, { signal: this.#signal })
      stream.send(lengthPrefixed(encodeSubscribe({ rooms: [this.#config.room] })))
      const limits = {
        maxFrameBytes: MAX_MEET_BYTES,
        frameTimeoutMs: FRAME_TIMEOUT_MS,
        signal: this.#signal
      }
      for await (const frames of readFrames(stream, limits)) {
        for (const frame of frames) await this.#heard(frame)
      }
    } catch (error) {
      stream?.abort(asError(error))
    }
  }

  async #heard(frame: Uint8Array): Promise<void> {
    const { room: ns, signedPeerRecord } = decodeMeet(frame)
    const found = await openRegistration({ ns, signedPeerRecord }, this.#config.room, this.#signal)
    if (found !== undefined) this.#config.onMeet(found)
  }
}
