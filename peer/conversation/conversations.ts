// The conversations of a peer: one with each member of its room, on whatever connections libp2p has to them.
import { randomUUID } from 'node:crypto'
import { setMaxListeners } from 'node:events'
import type { Connection, Libp2p, PeerId, Stream } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { UserError } from '../../shared/errors.ts'
import {
  type Bye,
  CHAT_LIMITS,
  CHAT_PROTOCOL,
  type ChatMessage,
  type Hello
} from '../../shared/wire/chat.ts'
import { MSG_PROTOCOL } from '../../shared/wire/msg.ts'
import { Conversation } from './conversation.ts'
import type { Carrier, ConversationEvent, Conversations, SentMessage } from './api.ts'
import { serveChat } from './inbound.ts'
import { Members } from './members.ts'
import { receivePlain } from './plain.ts'
import type { Accepted } from './reception.ts'
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
  timing?: ConversationTiming
}

/** Registers the protocols and begins; ends when disposed or when the signal aborts. Throws UserError for a bad name or room. */
export async function startConversations(
  config: ConversationsConfig,
  options: { signal: AbortSignal; onEvent?: (event: ConversationEvent) => void }
): Promise<Conversations> {
  checkBytes('name', config.name, CHAT_LIMITS.maxNameBytes)
  checkBytes('room', config.room, CHAT_LIMITS.maxRoomBytes)
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
  readonly #room: string
  readonly #timing: ConversationTiming
  readonly #members: Members
  readonly #listeners = new Set<(event: ConversationEvent) => void>()
  readonly #stopped = new AbortController()
  #stopping: Promise<void> | undefined

  constructor(config: ConversationsConfig) {
    this.#node = config.node
    this.#room = config.room
    this.#timing = config.timing ?? CONVERSATION_TIMING
    this.#members = new Members({
      introduction: { name: config.name, rooms: [config.room] },
      openStream: config.openStream ?? openOnAnyConnection,
      timing: this.#timing,
      tell: (event) => this.#tell(event)
    })
    setMaxListeners(Infinity, this.#stopped.signal)
  }

  async start(signal: AbortSignal): Promise<void> {
    this.#node.addEventListener('connection:open', this.#onOpen)
    this.#node.addEventListener('connection:close', this.#onClose)
    signal.addEventListener('abort', () => void this.#stop(), { once: true })
    await this.#node.handle(CHAT_PROTOCOL, this.#onChat, {
      runOnLimitedConnection: true,
      maxInboundStreams: MAX_INBOUND_CHAT_STREAMS,
      signal
    })
    await this.#node.handle(MSG_PROTOCOL, this.#onMsg, {
      runOnLimitedConnection: true,
      maxInboundStreams: MAX_INBOUND_MSG_STREAMS,
      signal
    })
  }

  admit(peer: string): void {
    this.#admit(peerIdFromString(peer))
  }

  async dismiss(peer: string, reason: string): Promise<void> {
    const { waiting, closed } = this.#members.remove(peer, reason)
    for (const { id } of waiting) this.#tell({ type: 'refused', id, peer, reason })
    await closed
  }

  send({ text, to, room }: { text: string; to: string[]; room?: string }): SentMessage {
    checkText(text)
    const id = randomUUID()
    const message = { id, sentAtMs: Date.now(), text, ...(room === undefined ? {} : { room }) }
    const sent: SentMessage = { id, to: [], refused: [] }
    for (const peer of to) {
      const answer = this.#conversationWith(peer)?.send(message) ?? NO_PLACE
      if (answer.ok) sent.to.push(peer)
      else sent.refused.push({ peer, reason: answer.reason })
    }
    return sent
  }

  async delivered(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    if (this.#members.undelivered() === 0) return
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const onAbort = (): void => reject(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    const unsubscribe = this.subscribe(({ type }) => {
      const settles = type === 'delivered' || type === 'refused'
      if (settles && this.#members.undelivered() === 0) resolve()
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
    await this.#members.close('the peer stops')
    this.#stopped.abort(new Error('the peer stops'))
    await unhandled.catch(() => undefined)
  }

  #tell(event: ConversationEvent): void {
    for (const listener of this.#listeners) listener(event)
  }

  #conversationWith(peer: string): Conversation | undefined {
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

  #onChat = async (stream: Stream, connection: Connection): Promise<void> => {
    const peer = connection.remotePeer.toString()
    const error = await serveChat(stream, {
      timing: this.#timing,
      signal: this.#stopped.signal,
      hello: (hello) => this.#hello(connection, hello),
      accept: (epoch, messages) => this.#accept(peer, epoch, messages),
      bye: (bye) => this.#bye(peer, bye)
    })
    if (error !== undefined) connection.log('conversation of %s ended - %e', peer, error)
  }

  #bye(peer: string, { room, reason }: Bye): void {
    if (room === undefined) this.#members.left(peer)
    const event: ConversationEvent = { type: 'bye', peer }
    if (room !== undefined) event.room = room
    if (reason !== undefined) event.reason = reason
    this.#tell(event)
  }

  #hello(connection: Connection, hello: Hello): Accepted {
    const peer = connection.remotePeer.toString()
    const known = this.#members.get(peer)?.wanted === true
    if (!known && !hello.rooms.includes(this.#room)) {
      return { ok: false, reason: 'you are in no room of this peer' }
    }
    const conversation = this.#admit(connection.remotePeer)
    if (conversation === undefined) return NO_PLACE
    const answer = this.#members.begin(peer, hello)
    if (answer.ok) conversation.heardOn(connection)
    return answer
  }

  async #accept(peer: string, epoch: string, messages: ChatMessage[]): Promise<Accepted> {
    return this.#members.reception(peer).accept(epoch, messages, (fresh) => {
      for (const { id, room, text, sentAtMs } of fresh) {
        // Said in a room that is not ours: whoever sent it is in several. Refusing would end the stream and hold up
        // what follows for us, so it is acknowledged, and shown nowhere.
        if (room !== undefined && room !== this.#room) continue
        this.#tell({
          type: 'message',
          peer,
          id,
          text,
          sentAtMs,
          ...(room === undefined ? {} : { room })
        })
      }
    })
  }

  #onMsg = async (stream: Stream, connection: Connection): Promise<void> => {
    const peer = connection.remotePeer.toString()
    // As with chat: the words of strangers are not shown, least of all as if they were meant for us.
    if (this.#members.get(peer)?.wanted !== true) return stream.abort(new Error('not a member'))
    const text = await receivePlain(stream, {
      timeoutMs: this.#timing.welcomeTimeoutMs,
      signal: this.#stopped.signal,
      turnMs: () => this.#members.reception(peer).plainPace.turnMs(performance.now())
    })
    if (text instanceof Error) return connection.log('plain message failed - %e', text)
    if (text !== '')
      this.#tell({ type: 'message', peer, id: randomUUID(), text, sentAtMs: Date.now() })
  }
}

const NO_PLACE = { ok: false as const, reason: 'no conversation with this peer can be held' }

const openOnAnyConnection: OpenStream = (connection, protocol, { signal }) =>
  connection.newStream(protocol, { runOnLimitedConnection: true, signal })

function checkText(text: string): void {
  if (text === '')
    throw new UserError('empty-message', 'there is nothing to send: the message is empty')
  const bytes = Buffer.byteLength(text)
  if (bytes <= CHAT_LIMITS.maxTextBytes) return
  const most = `at most ${CHAT_LIMITS.maxTextBytes} can be sent at once: split it up`
  throw new UserError('message-too-long', `the message has ${bytes} bytes; ${most}`)
}

function checkBytes(what: string, value: string, maxBytes: number): void {
  if (value !== '' && Buffer.byteLength(value) <= maxBytes) return
  throw new UserError(`bad-${what}`, `the ${what} must have 1 to ${maxBytes} bytes: choose another`)
}
