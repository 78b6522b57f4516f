// Tells subscribers of each other over streams that they keep open.
import type { Connection, PeerId, Stream, StreamHandlerOptions } from '@libp2p/interface'
import { byteStream } from '@libp2p/utils'
import { asError } from '../../shared/as-error.ts'
import {
  decodeSubscribe,
  encodeMeet,
  MAX_SUBSCRIBE_BYTES,
  MEETING_PROTOCOL
} from '../../shared/wire/meeting.ts'
import { lengthPrefixed } from '../../shared/wire/field-writer.ts'
import { readFrame } from '../rendezvous/frames.ts'
import type { VerifiedRecord } from '../rendezvous/room-store.ts'
import { Introductions, type Introduction } from './introductions.ts'

export interface MeetingNode {
  handle(
    protocol: string,
    handler: (stream: Stream, connection: Pick<Connection, 'remotePeer'>) => void,
    options: StreamHandlerOptions
  ): Promise<void>
  unhandle(protocol: string): Promise<void>
}

const FRAMES = { maxFrameBytes: MAX_SUBSCRIBE_BYTES, idleMs: 2 ** 31 - 1, stallMs: 10_000 }

export class MeetingServer implements AsyncDisposable {
  readonly #node: MeetingNode
  readonly #introductions = new Introductions()
  /** The stream on which a peer is told; of several the youngest. */
  readonly #streams = new Map<string, Stream>()
  readonly #stop = new AbortController()
  readonly #serving = new Set<Promise<void>>()

  constructor(node: MeetingNode) {
    this.#node = node
  }

  async start(): Promise<void> {
    await this.#node.handle(
      MEETING_PROTOCOL,
      (stream, { remotePeer }) => {
        const served = this.#serve(stream, remotePeer)
        this.#serving.add(served)
        void served.finally(() => this.#serving.delete(served))
      },
      { maxInboundStreams: 2 }
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Error('the relay stops'))
    await this.#node.unhandle(MEETING_PROTOCOL)
    await Promise.all(this.#serving)
  }

  registered(peer: string, room: string, record: VerifiedRecord): void {
    this.#tell(this.#introductions.registered(peer, room, record))
  }

  removed(peer: string, room: string): void {
    this.#introductions.removed(peer, room)
  }

  async #serve(stream: Stream, remote: PeerId): Promise<void> {
    const peer = remote.toString()
    this.#streams.get(peer)?.abort(new Error('replaced'))
    this.#streams.set(peer, stream)
    try {
      const bytes = byteStream(stream, { maxBufferSize: 2 * MAX_SUBSCRIBE_BYTES })
      for (;;) {
        const frame = await readFrame(bytes, FRAMES, this.#stop.signal)
        if (frame === undefined) break
        this.#tell(this.#introductions.subscribe(peer, decodeSubscribe(frame).rooms))
      }
      await stream.close()
    } catch (error) {
      stream.abort(asError(error))
    } finally {
      if (this.#streams.get(peer) === stream) {
        this.#streams.delete(peer)
        this.#introductions.unsubscribe(peer)
      }
    }
  }

  #tell(introductions: Introduction[]): void {
    for (const { room, newcomer, member } of introductions) {
      this.#send(member.peer, room, newcomer.record)
      this.#send(newcomer.peer, room, member.record)
    }
  }

  #send(peer: string, room: string, signedPeerRecord: Uint8Array): void {
    this.#streams.get(peer)?.send(lengthPrefixed(encodeMeet({ room, signedPeerRecord })))
  }
}
