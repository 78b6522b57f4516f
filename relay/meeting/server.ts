// Tells members of a room of each other in the same instant, over streams that they keep open for it.
// What is said there: shared/wire/meeting.ts.
import type { Connection, PeerId, Stream, StreamHandlerOptions } from '@libp2p/interface'
import { byteStream } from '@libp2p/utils'
import { asError } from '../../shared/as-error.ts'
import { sendNow } from '../../shared/transport/gathered-seals.ts'
import { lengthPrefixed } from '../../shared/wire/field-writer.ts'
import {
  decodeSubscribe,
  encodeLeaving,
  encodeMeet,
  MAX_SUBSCRIBE_BYTES,
  MEETING_PROTOCOL,
  MeetingMessageError
} from '../../shared/wire/meeting.ts'
import type { Books } from '../books.ts'
import type { RelayListener } from '../events.ts'
import { hostKey } from '../host-key.ts'
import type { Usage } from '../limits.ts'
import { readFrame } from '../rendezvous/frames.ts'
import type { VerifiedRecord } from '../rendezvous/room-store.ts'
import { type Introduced, Introductions, type Outcome } from './introductions.ts'

export interface MeetingOptions {
  books: Books
  onEvent?: RelayListener
  /** The peer has sent what is no request, or asks on although it may not. */
  onOffence?: (peer: PeerId) => void
  signal: AbortSignal
  /** Monotonic milliseconds. */
  nowMs?: () => number
}

export interface MeetingServer extends AsyncDisposable {
  /** A registration stands, new or renewed: those who wait for it are told. */
  registered(peer: string, room: string, record: VerifiedRecord): void
  removed(peer: string, room: string): void
  /** The relay stops, and circuits have so long: everybody who listens is told. */
  leaving(seconds: number): void
  /** How full its limits are. */
  usage(): Usage[]
}

type Visitor = Pick<Connection, 'remotePeer' | 'remoteAddr'>

/** What is used of a libp2p node. */
export interface MeetingNode {
  handle(
    protocol: string,
    handler: (stream: Stream, connection: Visitor) => void,
    options: StreamHandlerOptions
  ): Promise<void>
  unhandle(protocol: string): Promise<void>
}

/** One, and the next one while the last is not over yet. */
const MAX_STREAMS_PER_CONNECTION = 2

/** Asks on although it has been told not to. */
class OffenceError extends Error {
  override name = 'OffenceError'
}

const FRAMES = {
  maxFrameBytes: MAX_SUBSCRIBE_BYTES,
  // Whoever has subscribed waits, as long as a timer can be set: the connection's own end ends it.
  idleMs: 2 ** 31 - 1,
  stallMs: 10_000
}

/** Ends with `signal` or when disposed. */
export async function startMeetingServer(
  node: MeetingNode,
  options: MeetingOptions
): Promise<MeetingServer> {
  const server = new Server(node, options)
  await server.start()
  return server
}

class Server implements MeetingServer {
  readonly #node: MeetingNode
  readonly #books: Books
  readonly #onEvent: RelayListener
  readonly #onOffence: (peer: PeerId) => void
  readonly #nowMs: () => number
  readonly #introductions: Introductions
  /** Where each peer is told: on the stream that it opened last. */
  readonly #subscribers = new Map<string, Subscriber>()
  readonly #stop = new AbortController()
  readonly #signal: AbortSignal
  readonly #serving = new Set<Promise<void>>()
  /** Monotonic; from when it is known that the relay stops. */
  #endsAtMs: number | undefined

  constructor(node: MeetingNode, options: MeetingOptions) {
    const { books, signal, nowMs } = options
    this.#node = node
    this.#books = books
    this.#onEvent = options.onEvent ?? (() => {})
    this.#onOffence = options.onOffence ?? (() => {})
    this.#nowMs = nowMs ?? (() => performance.now())
    this.#introductions = new Introductions(books)
    this.#signal = AbortSignal.any([signal, this.#stop.signal])
  }

  async start(): Promise<void> {
    const onStream = (stream: Stream, visitor: Visitor): void => {
      const served = this.#serve(stream, visitor)
      this.#serving.add(served)
      void served.finally(() => this.#serving.delete(served))
    }
    await this.#node.handle(MEETING_PROTOCOL, onStream, {
      maxInboundStreams: MAX_STREAMS_PER_CONNECTION,
      signal: this.#signal
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Error('the relay stops'))
    await this.#node.unhandle(MEETING_PROTOCOL)
    await Promise.all(this.#serving)
  }

  registered(peer: string, room: string, record: VerifiedRecord): void {
    this.#tell(this.#introductions.registered(peer, room, record, this.#nowMs()))
  }

  removed(peer: string, room: string): void {
    this.#introductions.removed(peer, room)
  }

  leaving(seconds: number): void {
    this.#endsAtMs = this.#nowMs() + seconds * 1000
    for (const subscriber of this.#subscribers.values()) this.#sayLeaving(subscriber)
  }

  #sayLeaving(subscriber: Subscriber): void {
    if (this.#endsAtMs === undefined) return
    const seconds = Math.max(0, Math.ceil((this.#endsAtMs - this.#nowMs()) / 1000))
    subscriber.tell(encodeLeaving({ seconds }))
  }

  usage(): Usage[] {
    return this.#introductions.usage(this.#nowMs())
  }

  /** Takes one SUBSCRIBE after the other until the remote closes its end. Never rejects. */
  async #serve(stream: Stream, visitor: Visitor): Promise<void> {
    const peer = visitor.remotePeer.toString()
    const who = { peer, host: hostKey(visitor.remoteAddr) }
    this.#subscribers.get(peer)?.end('it has opened another stream')
    const subscriber = new Subscriber(stream, visitor)
    this.#subscribers.set(peer, subscriber)
    this.#sayLeaving(subscriber)
    try {
      const bytes = byteStream(stream, { maxBufferSize: 2 * MAX_SUBSCRIBE_BYTES })
      for (;;) {
        const frame = await readFrame(bytes, FRAMES, this.#signal)
        if (frame === undefined) break
        const tooMany = this.#books.tooMany('rendezvous', who)
        if (tooMany !== undefined) {
          this.#onEvent({ event: 'stream', ...who, action: 'closed', ...tooMany })
          throw new OffenceError(tooMany.reason)
        }
        const { rooms } = decodeSubscribe(frame)
        if (this.#subscribers.get(peer) !== subscriber) break
        this.#tell(this.#introductions.subscribe(peer, rooms, this.#nowMs()))
      }
      await stream.close({ signal: this.#signal })
    } catch (error) {
      if (error instanceof OffenceError || error instanceof MeetingMessageError)
        this.#onOffence(visitor.remotePeer)
      stream.abort(asError(error))
    } finally {
      if (this.#subscribers.get(peer) === subscriber) {
        this.#subscribers.delete(peer)
        this.#introductions.unsubscribe(peer)
      }
    }
  }

  #tell({ introductions, heldBack }: Outcome): void {
    for (const why of heldBack) this.#onEvent({ event: 'meeting', action: 'refused', ...why })
    const told = new Set<Subscriber>()
    const meet = (room: string, who: Introduced, other: Introduced): void => {
      const subscriber = this.#subscribers.get(who.peer)
      if (subscriber === undefined) return
      subscriber.tell(encodeMeet({ room, signedPeerRecord: other.record }))
      told.add(subscriber)
    }
    for (const { room, newcomer, member } of introductions) {
      meet(room, member, newcomer)
      meet(room, newcomer, member)
    }
    // They begin as soon as they hear it; the answers to what has come with a registration take milliseconds.
    for (const subscriber of told) subscriber.hearsNow()
  }
}

/** One who does not read what it is told is told no more, and asks with DISCOVER. */
class Subscriber {
  readonly #stream: Stream
  readonly #visitor: Visitor
  #isFull = false

  constructor(stream: Stream, visitor: Visitor) {
    this.#stream = stream
    this.#visitor = visitor
    stream.addEventListener('drain', () => (this.#isFull = false))
  }

  hearsNow(): void {
    sendNow(this.#visitor)
  }

  tell(notice: Uint8Array): void {
    if (this.#stream.writeStatus !== 'writable') return
    if (this.#isFull) {
      this.end('it does not read what it is told')
      return
    }
    try {
      this.#isFull = !this.#stream.send(lengthPrefixed(notice))
    } catch (error) {
      // Whoever has registered is not to blame.
      this.#stream.abort(asError(error))
    }
  }

  end(reason: string): void {
    this.#stream.abort(new Error(reason))
  }
}
