// Shows what happens in a chat: events as words or as JSON lines, and remembers names and receipts meanwhile.
import { createLog, type Log } from '../../shared/log.ts'
import type { PeerEvent } from '../events.ts'
import { Labels } from '../terminal/labels.ts'
import type { Terminal } from '../terminal/prompt.ts'
import { wordsFor, type Words } from '../terminal/words.ts'
import { RelayTelling } from './chat-relays.ts'
import { eventLine } from './event-line.ts'
import { Receipts } from './receipts.ts'

export interface ViewOptions {
  terminal: Terminal
  /** The one that is talked in. */
  room: string
  json: boolean
  verbose: boolean
}

export class ChatView {
  readonly receipts = new Receipts()
  /** Sentences about the program, beside those that events are told in. */
  readonly log: Log
  readonly #labels = new Labels()
  readonly #relays = new RelayTelling()
  readonly #options: ViewOptions

  constructor(options: ViewOptions) {
    this.#options = options
    this.log = createLog({
      write: (line) => options.terminal.say(line.trimEnd()),
      verbose: options.verbose
    })
  }

  readonly labelOf = (peer: string): string => this.#labels.of(peer)

  readonly show = (event: PeerEvent): void => {
    this.receipts.add(event)
    if (event.event === 'started') this.#labels.learn(event.peerId, event.name)
    else if ('peer' in event && 'name' in event) this.#labels.learn(event.peer, event.name)
    this.#tell(event)
    if (event.event === 'left') this.#labels.leave(event.peer)
  }

  #tell(event: PeerEvent): void {
    if (this.#options.json) {
      this.#options.terminal.print(eventLine(event))
      return
    }
    const words = wordsFor(event, this.labelOf, this.#options.room)
    this.#say(event.event === 'relay' ? this.#relays.words(event, words) : words)
  }

  #say(words: readonly Words[]): void {
    for (const { kind, text } of words) {
      if (kind === 'data') this.#options.terminal.print(text)
      else if (kind === 'info') this.log.info(text)
      else this.log.verbose(text)
    }
  }
}
