// The rendezvous server of a node: reads requests, verifies records, asks the registry, replies.
// Source: the rendezvous specification of libp2p.
import { randomInt } from 'node:crypto'
import type { Connection, PeerId, Stream, StreamHandlerOptions } from '@libp2p/interface'
import { byteStream } from '@libp2p/utils'
import { writer } from 'protons-runtime'
import { asError } from '../../shared/as-error.ts'
import { deadline } from '../../shared/deadline.ts'
import {
  decodeMessage,
  encodeMessage,
  MAX_REQUEST_BYTES,
  RENDEZVOUS_PROTOCOL
} from '../../shared/wire/rendezvous.ts'
import { Books } from '../books.ts'
import { hostKey } from '../host-key.ts'
import { DEFAULT_LIMITS, type Usage } from '../limits.ts'
import { keepPacked } from '../../shared/transport/packing.ts'
import { Answers, type RegistrationEvent, type RegistrationWatcher } from './answers.ts'
import { EPOCHS } from './cookie.ts'
import { BlamelessError, readFrame, type FrameLimits } from './frames.ts'
import type { RegistrySettings } from './limits.ts'
import { Registry } from './registry.ts'
import type { RoomStore } from './room-store.ts'

export interface RendezvousOptions {
  signal: AbortSignal
  onEvent: (event: RegistrationEvent) => void
  /** A peer has sent what is no request, or not sent one, or asks on although it is told to wait. */
  onOffence?: (peer: PeerId) => void
  /** Its limits are those of the default store as well. */
  books?: Books
  /** The memory of this process by default. */
  store?: RoomStore
  /** Of that default. */
  registry?: Partial<RegistrySettings>
  frames?: Partial<FrameLimits>
  /** Is told what stands and what has ended. */
  watcher?: RegistrationWatcher
  /** Monotonic milliseconds. */
  nowMs?: () => number
}

export interface RendezvousServer extends AsyncDisposable {
  /** Registrations at this moment. */
  readonly size: number
  /** Rooms with somebody in them. */
  readonly rooms: number
  /** Why nobody can join or ask for a room at the moment; undefined when they can. */
  readonly problem: string | undefined
  isRegistered(peer: string): boolean
  usage(): Usage[]
}

/** What is used of a libp2p node. */
export interface RendezvousNode {
  handle(
    protocol: string,
    handler: (stream: Stream, connection: Pick<Connection, 'remotePeer' | 'remoteAddr'>) => void,
    options: StreamHandlerOptions
  ): Promise<void>
  unhandle(protocol: string): Promise<void>
  getConnections(peer: PeerId): readonly unknown[]
  addEventListener(type: 'peer:connect' | 'peer:disconnect', listener: OnPeer): void
  removeEventListener(type: 'peer:connect' | 'peer:disconnect', listener: OnPeer): void
}

type OnPeer = (event: CustomEvent<PeerId>) => void

const DEFAULT_FRAME_LIMITS: FrameLimits = {
  maxFrameBytes: MAX_REQUEST_BYTES,
  // Our clients ask every second or two; others open a stream for each request.
  idleMs: 60_000,
  stallMs: 10_000
}

/** One kept open and one for each request of a client that sends several at once. */
const MAX_STREAMS_PER_CONNECTION = 8

/** How late a removal may be, beyond the grace period and the TTL. */
const SWEEP_INTERVAL_MS = 1000

/** Starts to serve; ends with `signal` or when disposed, whichever comes first. */
export async function startRendezvousServer(
  node: RendezvousNode,
  options: RendezvousOptions
): Promise<RendezvousServer> {
  const server = new Server(node, options)
  await server.start()
  return server
}

class Server implements RendezvousServer {
  readonly #node: RendezvousNode
  readonly #onEvent: RendezvousOptions['onEvent']
  readonly #onOffence: (peer: PeerId) => void
  readonly #nowMs: () => number
  readonly #frames: FrameLimits
  readonly #store: RoomStore
  readonly #answers: Answers
  readonly #watcher: RegistrationWatcher | undefined
  readonly #stop = new AbortController()
  readonly #signal: AbortSignal
  readonly #streams = new Set<Promise<void>>()
  #sweeps: NodeJS.Timeout | undefined

  constructor(node: RendezvousNode, options: RendezvousOptions) {
    this.#node = node
    this.#onEvent = options.onEvent
    this.#onOffence = options.onOffence ?? (() => {})
    this.#nowMs = options.nowMs ?? (() => performance.now())
    this.#frames = { ...DEFAULT_FRAME_LIMITS, ...options.frames }
    const books = options.books ?? new Books(DEFAULT_LIMITS)
    const { limits } = books
    this.#store = options.store ?? new Registry(randomInt(EPOCHS), { limits, ...options.registry })
    this.#signal = AbortSignal.any([options.signal, this.#stop.signal])
    this.#watcher = options.watcher
    this.#answers = new Answers({
      store: this.#store,
      books,
      isConnected: (peer) => node.getConnections(peer).length > 0,
      onEvent: options.onEvent,
      onOffence: this.#onOffence,
      watcher: options.watcher,
      nowMs: this.#nowMs,
      signal: this.#signal
    })
  }

  get size(): number {
    return this.#store.size
  }

  get rooms(): number {
    return this.#store.rooms
  }

  get problem(): string | undefined {
    return this.#store.problem
  }

  isRegistered(peer: string): boolean {
    return this.#store.isRegistered(peer)
  }

  usage(): Usage[] {
    return [...this.#store.usage(), ...(this.#watcher?.usage() ?? [])]
  }

  async start(): Promise<void> {
    this.#signal.throwIfAborted()
    const onStream = (
      stream: Stream,
      connection: Pick<Connection, 'remotePeer' | 'remoteAddr'>
    ): void => {
      const served = this.#serve(stream, connection.remotePeer, hostKey(connection.remoteAddr))
      this.#streams.add(served)
      void served.finally(() => this.#streams.delete(served))
    }
    await this.#node.handle(RENDEZVOUS_PROTOCOL, onStream, {
      maxInboundStreams: MAX_STREAMS_PER_CONNECTION,
      signal: this.#signal
    })
    this.#node.addEventListener('peer:disconnect', this.#onDisconnect)
    this.#node.addEventListener('peer:connect', this.#onConnect)
    this.#sweeps = setInterval(() => this.#sweep(), SWEEP_INTERVAL_MS).unref()
    this.#signal.addEventListener('abort', () => void this[Symbol.asyncDispose](), { once: true })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#sweeps)
    this.#node.removeEventListener('peer:disconnect', this.#onDisconnect)
    this.#node.removeEventListener('peer:connect', this.#onConnect)
    this.#stop.abort(new Error('the rendezvous server stops'))
    await this.#node.unhandle(RENDEZVOUS_PROTOCOL)
    await Promise.all(this.#streams)
  }

  readonly #onDisconnect = (event: CustomEvent<PeerId>): void => {
    this.#store.peerGone(event.detail.toString(), this.#nowMs())
  }

  readonly #onConnect = (event: CustomEvent<PeerId>): void => {
    this.#store.peerBack(event.detail.toString())
  }

  #sweep(): void {
    for (const removal of this.#store.sweep(this.#nowMs())) {
      this.#watcher?.removed(removal.peer, removal.room)
      this.#onEvent({ event: 'registration', ...removal })
    }
  }

  /** Answers one request after the other until the remote closes its end. Never rejects. */
  async #serve(stream: Stream, peer: PeerId, host: string): Promise<void> {
    try {
      // More than one request may be on its way; what does not fit here ends the stream.
      const bytes = byteStream(stream, { maxBufferSize: 2 * this.#frames.maxFrameBytes })
      keepPacked(stream, bytes)
      for (;;) {
        const frame = await readFrame(bytes, this.#frames, this.#signal)
        if (frame === undefined) break
        const reply = await this.#answers.answer(decodeMessage(frame), peer, host)
        if (reply === undefined) continue
        using limit = deadline(this.#signal, this.#frames.stallMs, 'the peer takes no reply')
        const framed = writer().bytes(encodeMessage(reply)).finish()
        await bytes.write(framed, { signal: limit.signal })
      }
      await stream.close({ signal: this.#signal })
    } catch (error) {
      const left = stream.status === 'reset' || stream.status === 'closed'
      const blameless = error instanceof BlamelessError || this.#signal.aborted
      if (!left && !blameless) this.#onOffence(peer)
      stream.abort(asError(error))
    }
  }
}
