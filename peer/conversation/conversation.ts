// The conversation with one peer, sending side: looks which connection should carry it, moves there without a gap,
// and keeps what waits until some connection has carried it over.
import type { Connection } from '@libp2p/interface'
import { asError } from '../../shared/as-error.ts'
import type { Hello } from '../../shared/wire/chat.ts'
import type { Liveness } from '../liveness/liveness.ts'
import type { Carrier, ConversationEvent } from './api.ts'
import type { Books, Holder } from './books.ts'
import type { OutgoingMessage, Refusal } from './ledger.ts'
import type { Entry, Numbered, OutgoingLedger } from './outgoing-ledger.ts'
import { Opener } from './opener.ts'
import { openedForGoodbye, type Opening } from './opening.ts'
import { TOO_LONG } from './plain.ts'
import { MAX_MSG_BYTES } from '../../shared/wire/msg.ts'
import { carrierOf, type KnownPath, Paths } from './paths.ts'
import type { OpenStream, Sender } from './session.ts'
import type { ConversationTiming } from './timing.ts'

export interface ConversationConfig {
  /** Peer id. */
  peer: string
  introduction: Pick<Hello, 'name' | 'rooms'>
  openStream: OpenStream
  timing: ConversationTiming
  /** Where what it sends is kept. */
  books: Pick<Books, 'outgoing' | 'settle' | 'delivered' | 'renumber'>
  /** What finds dead connections. */
  liveness: Pick<Liveness, 'doubt' | 'whyEnded'>
  tell: (event: ConversationEvent) => void
}

export class Conversation implements Holder {
  readonly peer: string
  /** Whether we open streams to this peer. */
  wanted = false
  readonly #config: ConversationConfig
  readonly #ledger: OutgoingLedger
  readonly #paths: Paths
  #sender: Sender | undefined
  readonly #opener = new Opener()
  #opening: Opening | undefined
  #told: Sender | undefined
  #retryTimer: NodeJS.Timeout | undefined
  #closed = false

  /** Throws a UserError when what was kept cannot be read. */
  constructor(config: ConversationConfig) {
    this.#config = config
    this.peer = config.peer
    this.#ledger = config.books.outgoing(config.peer)
    this.#paths = new Paths(config.timing)
  }

  get undelivered(): number {
    return this.#ledger.waiting.length
  }

  /** UTF-8 bytes of what is undelivered. */
  get waitingBytes(): number {
    return this.#ledger.waitingBytes
  }

  /** Nobody is there; what waits is kept. */
  get idle(): boolean {
    return this.#paths.size === 0
  }

  get carrier(): Carrier | undefined {
    return this.#sender && carrierOf(this.#sender.connection)
  }

  /** Takes a message on; it is sent after `keep`. */
  hold(message: OutgoingMessage): ({ ok: true; epoch: string } & Numbered) | Refusal {
    if (this.#opener.plain && Buffer.byteLength(message.text) > MAX_MSG_BYTES)
      return { ok: false, reason: TOO_LONG }
    const held = this.#ledger.hold(message)
    return held.ok ? { ...held, epoch: this.#ledger.epoch } : held
  }

  keep(epoch: string, seq: number): void {
    if (epoch !== this.#ledger.epoch) return
    this.#ledger.keep(seq)
    this.#sender?.pump()
  }

  withdraw(): void {
    this.#ledger.withdraw()
  }

  want(): void {
    this.wanted = true
    this.#update()
  }

  addConnection(connection: Connection): void {
    if (!this.#closed && this.#paths.add(connection)) this.#update()
  }

  removeConnection(connection: Connection): void {
    const whyEnded = this.#config.liveness.whyEnded(connection)
    if (this.#paths.remove(connection, whyEnded)) this.#update()
  }

  /** The peer said that it leaves: what is open will close; a new connection, or its HELLO, starts again. */
  left(): void {
    this.#paths.holdAll(performance.now())
    this.#opening?.controller.abort(new Error('the peer left'))
    const sender = this.#sender
    this.#sender = undefined
    void sender?.close(AbortSignal.timeout(this.#config.timing.byeTimeoutMs))
    this.#announce('the peer left')
    this.#update()
  }

  /** The peer opened a chat stream to us on this connection: worth trying at once. */
  heardOn(connection: Connection): void {
    if (this.#opener.heardChat()) this.#stopPlain()
    const path = this.#paths.get(connection.id)
    if (path === undefined) return this.addConnection(connection)
    this.#paths.hurry(path, performance.now())
    this.#update()
  }

  /** It was asked before it was ready, and speaks chat after all. */
  #stopPlain(): void {
    const sender = this.#sender
    this.#sender = undefined
    void sender?.close(AbortSignal.timeout(this.#config.timing.drainTimeoutMs))
  }

  /** Stops; with a reason for the peer it is told first. */
  async close(options: { bye?: string }): Promise<void> {
    this.#closed = true
    clearTimeout(this.#retryTimer)
    const limit = AbortSignal.timeout(this.#config.timing.byeTimeoutMs)
    const sender =
      this.#sender ??
      (options.bye === undefined ? undefined : await openedForGoodbye(this.#opening, limit))
    this.#opening?.controller.abort(new Error('the conversation was closed'))
    this.#sender = undefined
    if (options.bye !== undefined) sender?.bye(options.bye)
    await sender?.close(limit)
  }

  /** Looks at everything anew and does the next thing: stay, wait, or open a stream on a better connection. */
  #update(): void {
    if (this.#closed || !this.wanted) return
    const nowMs = performance.now()
    const route = this.#paths.route(this.#carryingId(), nowMs)
    this.#dropDeadSender()
    clearTimeout(this.#retryTimer)
    if (route.retryAtMs !== undefined) {
      this.#retryTimer = setTimeout(() => this.#update(), route.retryAtMs - nowMs + 1)
    }
    const path = route.path && this.#paths.get(route.path.id)
    if (path === undefined) return this.#announce(route.reason)
    if (path === this.#opening?.path || path.connection === this.#sender?.connection) return
    this.#opening?.controller.abort(new Error('a better connection appeared'))
    void this.#open(path, route.reason)
  }

  /** What carries the conversation, or did until a moment ago: a stream that broke on a live connection is no move. */
  #carryingId(): string | undefined {
    return (this.#sender ?? this.#told)?.connection.id
  }

  #dropDeadSender(): void {
    const sender = this.#sender
    if (sender === undefined || this.#paths.get(sender.connection.id) !== undefined) return
    this.#sender = undefined
    sender.abort(new Error('the connection closed'))
  }

  async #open(path: KnownPath, reason: string): Promise<void> {
    const controller = new AbortController()
    const opening = {
      path,
      controller,
      sender: this.#openSender(path, controller.signal),
      isLast: false
    }
    this.#opening = opening
    try {
      const sender = await opening.sender
      if (opening.isLast) return
      if (this.#opening !== opening || this.#closed) sender.abort(new Error('no longer needed'))
      else this.#moveTo(path, sender, reason)
    } catch (error) {
      if (!opening.controller.signal.aborted) this.#failed(path, asError(error))
    } finally {
      if (this.#opening === opening) this.#opening = undefined
    }
    this.#update()
  }

  async #openSender(path: KnownPath, signal: AbortSignal): Promise<Sender> {
    const { openStream, timing, introduction, liveness } = this.#config
    const ledger = this.#ledger
    const { epoch } = ledger
    return this.#opener.open({
      connection: path.connection,
      openStream,
      ledger,
      timing,
      signal,
      hello: () => helloNow(ledger, introduction),
      // A stream that is drained may still bring acks of numbers that mean something else by now.
      onAck: (received) =>
        epoch === ledger.epoch ? this.#acknowledge(path, received) : 'its epoch is over',
      onStall: () => liveness.doubt(path.connection),
      onAhead: () => this.#renumber(),
      onRefused: (entry, reason) => this.#refuse(entry, reason)
    })
  }

  /** The new stream is confirmed: from now on it sends, and the old one only waits for its last acks. */
  #moveTo(path: KnownPath, sender: Sender, reason: string): void {
    const old = this.#sender
    this.#sender = sender
    sender.pump()
    void old?.close(AbortSignal.timeout(this.#config.timing.drainTimeoutMs))
    void this.#watch(path, sender)
    this.#announce(reason)
  }

  async #watch(path: KnownPath, sender: Sender): Promise<void> {
    const openedAtMs = performance.now()
    const error = await sender.ended
    if (error === undefined) return
    // What has served for long is not held against its connection.
    if (performance.now() - openedAtMs > this.#config.timing.retryMaxMs) path.failures = 0
    if (this.#sender === sender) this.#sender = undefined
    this.#failed(path, error)
    this.#update()
  }

  #failed(path: KnownPath, error: Error): void {
    this.#paths.failed(path, performance.now())
    // It may be that nothing can be opened there any more, while its transport stands.
    this.#config.liveness.doubt(path.connection)
    path.connection.log('conversation failed - %e', error)
  }

  #acknowledge(path: KnownPath, received: number): string | undefined {
    const answer = this.#ledger.acknowledge(received)
    if (!answer.ok) return answer.reason
    if (answer.settled.length > 0) this.#settled(path)
    for (const { id } of answer.settled) this.#config.books.delivered(id, this.peer)
    return undefined
  }

  #settled(path: KnownPath): void {
    path.failures = 0
    const { acknowledged: received } = this.#ledger
    const atMs = Date.now()
    this.#config.books.settle({ kind: 'acknowledged', peer: this.peer, received, atMs })
  }

  /** Our books are older than the conversation, as after a restored backup: what waits gets numbers of its own. */
  #renumber(): void {
    this.#sender?.abort(new Error('what waits is numbered anew'))
    this.#sender = undefined
    const epoch = this.#config.books.renumber(this.peer, this.#ledger.acknowledged)
    if (epoch !== undefined) this.#ledger.renumber(epoch)
  }

  #refuse(entry: Entry, reason: string): void {
    this.#ledger.handOver(entry.seq)
    this.#ledger.acknowledge(entry.seq)
    this.#config.books.settle({ kind: 'gaveUp', peer: this.peer, seq: entry.seq })
    this.#config.tell({ type: 'refused', id: entry.id, peer: this.#config.peer, reason })
  }

  /** Tells when another connection carries the conversation; not for a moment without one while the next is opened. */
  #announce(reason: string): void {
    if (
      this.#sender === undefined &&
      this.#opening !== undefined &&
      !this.#opening.controller.signal.aborted
    )
      return
    if (this.#sender?.connection.id === this.#told?.connection.id) return
    this.#told = this.#sender
    const carrier = this.carrier
    const event = { type: 'carrier' as const, peer: this.#config.peer, reason }
    this.#config.tell(carrier === undefined ? event : { ...event, carrier })
  }
}

function helloNow(ledger: OutgoingLedger, introduction: Pick<Hello, 'name' | 'rooms'>): Hello {
  return { kind: 'hello', epoch: ledger.epoch, nextSeq: ledger.acknowledged + 1, ...introduction }
}
