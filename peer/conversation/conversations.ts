// The conversations of a peer: one with each member of its room, on whatever connections libp2p has to them.
import { randomUUID } from 'node:crypto'
import { setMaxListeners } from 'node:events'
import type { Connection, Libp2p, PeerId, Stream } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { CHAT_PROTOCOL } from '../../shared/wire/chat.ts'
import { MSG_PROTOCOL } from '../../shared/wire/msg.ts'
import { type Liveness, UNWATCHED } from '../liveness/liveness.ts'
import type { Store } from '../store/store.ts'
import { MemoryStore } from '../store/memory-store.ts'
import { Books, type Held } from './books.ts'
import type { Conversation } from './conversation.ts'
import type { Carrier, ConversationEvent, Conversations, SentMessage } from './api.ts'
import { Intake } from './intake.ts'
import { Members } from './members.ts'
import { checkName, checkRoomName, checkText } from './sayable.ts'
import type { OpenStream } from './session.ts'
import {
  CONVERSATION_TIMING,
  type ConversationTiming,
  MAX_INBOUND_CHAT_STREAMS,
  MAX_INBOUND_MSG_STREAMS
} from './timing.ts'

/** The four things of a libp2p node that are used. */
export type ConversationNode = Pick<
  Libp2p,
  'handle' | 'unhandle' | 'getConnections' | 'addEventListener' | 'removeEventListener'
>

export interface ConversationsConfig {
  node: ConversationNode
  /** Shown to the others, at most 64 bytes. */
  name: string
  /** At most 255 bytes. Whoever says HELLO for it is a member. */
  room: string
  /** Default: `connection.newStream`, also on limited connections. */
  openStream?: OpenStream
  /** Where messages are kept, by default for this run only; who opened it disposes it, after the conversations. */
  store?: Store
  timing?: ConversationTiming
  /** By default dead connections are found by the network stack alone. */
  liveness?: Pick<Liveness, 'doubt' | 'whyEnded'>
}

/** Registers the protocols and begins; ends when disposed or when the signal aborts. Throws UserError for a bad name or room. */
export async function startConversations(
  config: ConversationsConfig,
  options: { signal: AbortSignal; onEvent?: (event: ConversationEvent) => void }
): Promise<Conversations> {
  checkName(config.name)
  checkRoomName(config.room)
  options.signal.throwIfAborted()
  const conversations = new RunningConversations(config)
  if (options.onEvent !== undefined) conversations.subscribe(options.onEvent)
  try {
    await conversations.start(options.signal)
  } catch (error) {
    await conversations[Symbol.asyncDispose]()
    throw error
  }
  return conversations
}

class RunningConversations implements Conversations {
  readonly #node: ConversationNode
  readonly #timing: ConversationTiming
  readonly #books: Books
  readonly #members: Members
  readonly #intake: Intake
  readonly #listeners = new Set<(event: ConversationEvent) => void>()
  readonly #stopped = new AbortController()
  #stopping: Promise<void> | undefined

  constructor(config: ConversationsConfig) {
    this.#node = config.node
    this.#timing = config.timing ?? CONVERSATION_TIMING
    const tell = (event: ConversationEvent): void => this.#tell(event)
    const { name, store = new MemoryStore() } = config
    this.#books = new Books({ store, name, tell })
    this.#members = new Members({
      introduction: { name, rooms: [config.room] },
      openStream: config.openStream ?? openOnAnyConnection,
      timing: this.#timing,
      books: this.#books,
      liveness: config.liveness ?? UNWATCHED,
      tell
    })
    setMaxListeners(Infinity, this.#stopped.signal)
    this.#intake = new Intake({
      room: config.room,
      timing: this.#timing,
      books: this.#books,
      members: this.#members,
      admit: (peerId) => this.#admit(peerId),
      tell,
      signal: this.#stopped.signal
    })
  }

  async start(signal: AbortSignal): Promise<void> {
    this.#node.addEventListener('connection:open', this.#onOpen)
    this.#node.addEventListener('connection:close', this.#onClose)
    signal.addEventListener('abort', () => void this.#stop(), { once: true })
    const onChat = async (...of: [Stream, Connection]) => this.#intake.chat(...of)
    const onMsg = async (...of: [Stream, Connection]) => this.#intake.plain(...of)
    await this.#node.handle(CHAT_PROTOCOL, onChat, {
      runOnLimitedConnection: true,
      maxInboundStreams: MAX_INBOUND_CHAT_STREAMS,
      signal
    })
    await this.#node.handle(MSG_PROTOCOL, onMsg, {
      runOnLimitedConnection: true,
      maxInboundStreams: MAX_INBOUND_MSG_STREAMS,
      signal
    })
  }

  admit(peer: string): void {
    this.#admit(peerIdFromString(peer))
  }

  async dismiss(peer: string, reason: string): Promise<void> {
    const messages = this.undelivered(peer)
    const removed = this.#members.remove(peer, reason)
    if (messages > 0) this.#tell({ type: 'waiting', peer, messages })
    await removed
  }

  send({ text, to, room }: { text: string; to: string[]; room?: string }): SentMessage {
    checkText(text)
    const bytes = Buffer.byteLength(text)
    const id = randomUUID()
    const message = { id, sentAtMs: Date.now(), text, ...(room === undefined ? {} : { room }) }
    const held: Held[] = []
    const refused: SentMessage['refused'] = []
    for (const peer of to) {
      const holder = this.#conversationWith(peer)
      const full = holder && this.#members.whyFull(holder, bytes)
      const answer = full ?? holder?.hold(message) ?? NO_PLACE
      if (holder !== undefined && answer.ok) held.push({ holder, ...answer })
      else if (!answer.ok) refused.push({ peer, reason: answer.reason })
    }
    this.#books.sent(message, held)
    return { id, to: held.map(({ holder }) => holder.peer), refused }
  }

  async delivered(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    if (this.#members.undelivered() === 0) return
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const onAbort = (): void => reject(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    const unsubscribe = this.subscribe(({ type }) => {
      if (SETTLING.has(type) && this.#members.undelivered() === 0) resolve()
    })
    try {
      await promise
    } finally {
      unsubscribe()
      signal.removeEventListener('abort', onAbort)
    }
  }

  undelivered(peer: string): number {
    return this.#members.get(peer)?.undelivered ?? 0
  }

  carrier(peer: string): Carrier | undefined {
    return this.#members.get(peer)?.carrier
  }

  subscribe(listener: (event: ConversationEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stop()
  }

  #stop(): Promise<void> {
    this.#stopping ??= this.#stopNow()
    return this.#stopping
  }

  async #stopNow(): Promise<void> {
    this.#node.removeEventListener('connection:open', this.#onOpen)
    this.#node.removeEventListener('connection:close', this.#onClose)
    const unhandled = this.#node.unhandle([CHAT_PROTOCOL, MSG_PROTOCOL])
    // What was said last is told as sent.
    await this.#books.told()
    await this.#members.close('the peer stops')
    this.#stopped.abort(new Error('the peer stops'))
    await unhandled.catch(() => undefined)
  }

  #tell(event: ConversationEvent): void {
    for (const listener of this.#listeners) listener(event)
  }

  #conversationWith(peer: string): Conversation | undefined {
    // Reading a peer id from its text takes longer than all the rest of `send`.
    const known = this.#members.get(peer)
    if (known?.wanted === true && !this.#stopped.signal.aborted) return known
    try {
      return this.#admit(peerIdFromString(peer))
    } catch {
      return undefined
    }
  }

  #admit(peerId: PeerId): Conversation | undefined {
    const conversation = this.#members.admit(peerId.toString())
    if (conversation === undefined || this.#stopped.signal.aborted) return undefined
    if (!conversation.wanted) {
      for (const connection of this.#node.getConnections(peerId))
        conversation.addConnection(connection)
      conversation.want()
    }
    return conversation
  }

  #onOpen = ({ detail: connection }: CustomEvent<Connection>): void => {
    this.#members.get(connection.remotePeer.toString())?.addConnection(connection)
  }

  #onClose = ({ detail: connection }: CustomEvent<Connection>): void => {
    this.#members.get(connection.remotePeer.toString())?.removeConnection(connection)
  }
}

/** After these something may wait no longer. */
const SETTLING = new Set<ConversationEvent['type']>(['delivered', 'refused', 'unsent', 'waiting'])

const NO_PLACE = { ok: false as const, reason: 'no conversation with this peer can be held' }

const openOnAnyConnection: OpenStream = (connection, protocol, { signal }) =>
  connection.newStream(protocol, { runOnLimitedConnection: true, signal })
