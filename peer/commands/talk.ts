// The loop of a chat: lines in, messages out, commands answered, and at the end the question who got what.
import { deadline } from '../../shared/deadline.ts'
import { UserError } from '../../shared/errors.ts'
import type { Member, Peer } from '../api.ts'
import type { Terminal } from '../terminal/prompt.ts'
import type { ChatView } from './chat-view.ts'
import { CHAT_HELP, findAddressee, parseChatLine, type ChatLine } from './chat-line.ts'
import { historyWords, LINES_AT_START } from './history-lines.ts'
import { pathSentence, peersTable } from './members.ts'
import { introductions } from './introductions.ts'
import { pipedLines } from './piped-lines.ts'
import type { ExitCode } from './program.ts'
import { relaysTable } from './relay-lines.ts'

/** Resending over a path that comes back takes some seconds; somebody who waits at a prompt wants an end to it. */
export const DELIVERY_TIMEOUT_MS = 30_000

export interface TalkOptions {
  terminal: Terminal
  view: ChatView
  signal: AbortSignal
  deliveryTimeoutMs: number
}

/**
 * Ends with the input, `/quit` or the signal. 1 when a piped line could not be sent or somebody did not get all; throws
 * a UserError when a pipe has ended and no relay has let us into the room.
 */
export async function talk(peer: Peer, options: TalkOptions): Promise<ExitCode> {
  const { terminal, view, signal } = options
  const chat = new Chat(peer, view, terminal.interactive)
  if (terminal.interactive) {
    chat.showHistory(LINES_AT_START)
    view.log.info(`this is the room ${peer.room}: type to talk, /help for more`)
  }
  for await (const line of linesFor(peer, options)) {
    const meant = parseChatLine(line)
    // A person has seen who is there; a pipe knew the names before it was opened.
    const names = meant.kind === 'to' || meant.kind === 'path'
    if (names && !terminal.interactive) await introductions(peer, signal)
    if (chat.take(meant) === 'quit') break
  }
  return await leave(peer, chat, options)
}

const needsRoom = (line: string): boolean => ['text', 'to'].includes(parseChatLine(line).kind)

/** A person sees how the relays stand, and may type before one of them lets us in. */
function linesFor(peer: Peer, options: TalkOptions): AsyncIterable<string> {
  const { terminal, signal, deliveryTimeoutMs } = options
  const lines = terminal.lines(signal)
  if (terminal.interactive) return lines
  const joined = async (limit: AbortSignal): Promise<void> => peer.joined(limit)
  return pipedLines({ lines, needsRoom, joined, timeoutMs: deliveryTimeoutMs }, { signal })
}

async function leave(peer: Peer, chat: Chat, options: TalkOptions): Promise<ExitCode> {
  const { terminal, view, signal, deliveryTimeoutMs } = options
  if (chat.sentAny && !signal.aborted) {
    if (terminal.interactive && view.receipts.missing().size > 0) {
      view.log.info('waiting until everybody has what you said, Ctrl-C leaves at once')
    }
    await settle(peer, signal, deliveryTimeoutMs)
  }
  const complaint = view.receipts.complaint(peer.room, view.labelOf)
  if (complaint !== undefined) view.log.info(complaint)
  if (signal.aborted) return 0
  return view.receipts.complete && !chat.failed ? 0 : 1
}

/** Waits for the acknowledgements, no longer than allowed; what is missing then shows in the receipts. */
async function settle(peer: Peer, signal: AbortSignal, timeoutMs: number): Promise<void> {
  using limit = deadline(signal, timeoutMs, 'not everything was acknowledged in time')
  try {
    await peer.delivered(limit.signal)
  } catch (error) {
    if (!limit.signal.aborted) throw error
  }
}

class Chat {
  sentAny = false
  /** Something piped in could not be done; a person has been told at once and can type it again. */
  failed = false
  readonly #peer: Peer
  readonly #view: ChatView
  readonly #interactive: boolean

  constructor(peer: Peer, view: ChatView, interactive: boolean) {
    this.#peer = peer
    this.#view = view
    this.#interactive = interactive
  }

  take(line: ChatLine): 'quit' | undefined {
    switch (line.kind) {
      case 'nothing':
        break
      case 'text':
        this.#send(line.text)
        break
      case 'to':
        this.#sendTo(line.rest)
        break
      case 'peers':
        this.#say(peersTable(this.#peer.members, this.#view.labelOf))
        this.#say(relaysTable(this.#peer.relays, Date.now()))
        break
      case 'path':
        this.#path(line.who)
        break
      case 'history':
        this.showHistory(line.lines)
        break
      case 'help':
        this.#say(CHAT_HELP.split('\n'))
        break
      case 'unclear':
        this.#refuse(line.hint)
        break
      case 'quit':
        return 'quit'
    }
    return undefined
  }

  /** As talk, not as data: a pipe gets each message once, when it arrives. */
  showHistory(lines: number): void {
    this.#say(historyWords(this.#peer.history(lines), { withRoom: false }))
  }

  #send(text: string, to?: Member): void {
    if (to === undefined && this.#peer.members.length === 0) {
      if (this.#interactive) {
        this.#view.log.info('nobody else is in the room yet, so nobody gets that')
        return
      }
      this.#view.receipts.addToNobody()
    }
    try {
      this.#peer.send(text, to === undefined ? {} : { to: to.peer })
      this.sentAny = true
    } catch (error) {
      if (!(error instanceof UserError)) throw error
      this.#refuse(error.message)
    }
  }

  #sendTo(rest: string): void {
    const addressed = findAddressee(rest, this.#peer.members)
    if (addressed.kind === 'unclear') this.#refuse(addressed.hint)
    else if (addressed.text === '') this.#refuse('say what: /to NAME TEXT')
    else this.#send(addressed.text, addressed.member)
  }

  #path(who: string | undefined): void {
    const { members } = this.#peer
    const found = who === undefined ? undefined : findAddressee(who, members)
    if (found?.kind === 'unclear') {
      this.#refuse(found.hint)
      return
    }
    const asked = found === undefined ? members : [found.member]
    if (asked.length === 0) this.#say(['nobody else is in the room yet'])
    else this.#say(asked.map((member) => pathSentence(member, this.#view.labelOf)))
  }

  #say(lines: readonly string[]): void {
    for (const line of lines) this.#view.log.info(line)
  }

  #refuse(hint: string): void {
    this.#view.log.info(hint)
    if (!this.#interactive) this.failed = true
  }
}
