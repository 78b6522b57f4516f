// What other peers send us, on whichever stream: who may, what is new of it, kept and then shown.
import { randomUUID } from 'node:crypto'
import type { Connection, PeerId, Stream } from '@libp2p/interface'
import type { Bye, ChatMessage, Hello } from '../../shared/wire/chat.ts'
import type { ConversationEvent } from './api.ts'
import type { Books } from './books.ts'
import type { Conversation } from './conversation.ts'
import { Goodbyes, type Voice } from './goodbyes.ts'
import { serveChat } from './inbound.ts'
import type { Begun, IncomingState } from './incoming-ledger.ts'
import type { OutgoingMessage, Refusal } from './ledger.ts'
import type { Members } from './members.ts'
import { receivePlain } from './plain.ts'
import type { Accepted } from './reception.ts'
import type { ConversationTiming } from './timing.ts'

export interface IntakeConfig {
  room: string
  timing: ConversationTiming
  books: Pick<Books, 'synced' | 'unknown' | 'received'>
  members: Members
  /** The conversation with that peer, from now on wanted; none when there are too many. */
  admit: (peerId: PeerId) => Conversation | undefined
  tell: (event: ConversationEvent) => void
  /** Aborts all streams. */
  signal: AbortSignal
}

/** What the sender learns; our user is told which file it is. */
const NOT_STORED = { ok: false as const, reason: 'messages cannot be stored here now' }
const NO_PLACE = { ok: false as const, reason: 'no conversation with this peer can be held' }

/** Who speaks on a stream, since its HELLO. */
interface Speaker {
  connection: Connection
  hello: Hello
  voice: Voice
}

export class Intake {
  readonly #goodbyes = new Goodbyes()
  readonly #config: IntakeConfig

  constructor(config: IntakeConfig) {
    this.#config = config
  }

  /** Serves a chat stream until its end. Never rejects. */
  async chat(stream: Stream, connection: Connection): Promise<void> {
    const { timing, signal, books } = this.#config
    const peer = connection.remotePeer.toString()
    let speaker: Speaker | undefined
    const error = await serveChat(stream, {
      timing,
      signal,
      hello: (hello) => {
        const begun = this.#hello(connection, hello)
        // One of an epoch that was replaced is to be opened anew.
        if (begun.ok && begun.epoch === hello.epoch)
          speaker = { connection, hello, voice: this.#goodbyes.begin(peer) }
        return begun
      },
      accept: (epoch, messages) => this.#accept(peer, epoch, messages, speaker),
      synced: (until) => books.synced(until),
      bye: (bye) => {
        if (speaker !== undefined) this.#bye(peer, speaker.voice, bye)
      }
    })
    if (speaker !== undefined) this.#goodbyes.end(peer, speaker.voice)
    if (error !== undefined) connection.log('conversation of %s ended - %e', peer, error)
  }

  /** Takes a plain message. Never rejects. */
  async plain(stream: Stream, connection: Connection): Promise<void> {
    const { members, timing, signal } = this.#config
    const peer = connection.remotePeer.toString()
    // As with chat: the words of strangers are not shown, least of all as if they were meant for us.
    if (members.get(peer)?.wanted !== true) return stream.abort(new Error('not a member'))
    const error = await receivePlain(stream, {
      timeoutMs: timing.welcomeTimeoutMs,
      signal,
      turnMs: () => members.reception(peer).plainPace.turnMs(performance.now()),
      keep: async (text) => this.#keep(peer, [{ id: randomUUID(), sentAtMs: Date.now(), text }])
    })
    if (error !== undefined) connection.log('plain message failed - %e', error)
  }

  #hello(connection: Connection, hello: Hello): Begun | Refusal {
    const { members, room, admit } = this.#config
    const peer = connection.remotePeer.toString()
    const known = members.get(peer)?.wanted === true
    if (!known && !hello.rooms.includes(room)) {
      return { ok: false, reason: 'you are in no room of this peer' }
    }
    const conversation = admit(connection.remotePeer)
    if (conversation === undefined) return NO_PLACE
    const begun = members.begin(peer, hello)
    conversation.heardOn(connection)
    return begun
  }

  /** It was given up while this stream of it was open: whoever speaks, and has not said goodbye, is there. */
  #welcomeBack(peer: string, { connection, hello, voice }: Speaker): void {
    const { members, room } = this.#config
    const isKnown = members.nameOf(peer) !== undefined && members.get(peer)?.wanted === true
    if (!isKnown && !voice.over && hello.rooms.includes(room)) this.#hello(connection, hello)
  }

  async #accept(
    peer: string,
    epoch: string,
    messages: ChatMessage[],
    speaker: Speaker | undefined
  ): Promise<Accepted> {
    try {
      if (speaker !== undefined) this.#welcomeBack(peer, speaker)
      return await this.#config.members
        .reception(peer)
        .accept(epoch, messages, async (fresh, books) => this.#keep(peer, fresh, books))
    } catch {
      return NOT_STORED
    }
  }

  /** Shown in the moment when it is kept: whatever kills the process then, it is not shown again. */
  async #keep(peer: string, messages: OutgoingMessage[], state?: IncomingState): Promise<void> {
    const { books, members, tell } = this.#config
    // Of whichever room: it may have waited since both of us were in another one, and what we acknowledge is ours.
    const news = books.unknown(peer, messages, state)
    await books.received(peer, news, { name: members.nameOf(peer), books: state })
    for (const { id, room, text, sentAtMs } of news) {
      const message = { type: 'message' as const, peer, id, text, sentAtMs }
      tell(room === undefined ? message : { ...message, room })
    }
  }

  #bye(peer: string, voice: Voice, { room, reason }: Bye): void {
    const { members, room: ourRoom, tell } = this.#config
    const isAll = room === undefined || room === ourRoom
    if (isAll && !this.#goodbyes.leave(peer, voice)) return
    if (room === undefined) members.left(peer)
    const event: ConversationEvent = { type: 'bye', peer }
    if (room !== undefined) event.room = room
    if (reason !== undefined) event.reason = reason
    tell(event)
  }
}
