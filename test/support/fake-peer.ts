// A peer without a network: the test decides who is in the room, what arrives and who acknowledges.
import { UserError } from '../../shared/errors.ts'
import type { Member, Peer, PeerConfig, RelayStatus, StartPeer } from '../../peer/api.ts'
import type { PeerEvent } from '../../peer/events.ts'
import { unlessAborted } from '../../peer/unless-aborted.ts'
import type { HistoryLine } from '../../peer/store/store.ts'

export interface FakeOptions {
  members?: Member[]
  /** Members acknowledge at once; otherwise never. */
  acknowledges?: boolean
  /** Members take nothing, as when too much waits for them already. */
  refuses?: boolean
  /** No relay ever lets it in. */
  outside?: boolean
  /** Runs once the peer is up, with the means to let things happen. */
  onStarted?: (fake: FakePeer) => void
}

export class FakePeer implements Peer {
  readonly peerId: string
  readonly name: string
  readonly room: string
  readonly config: PeerConfig
  members: Member[]
  relays: RelayStatus[] = []
  readonly sent: Array<{ text: string; to?: string }> = []
  lines: HistoryLine[] = []
  stopped = false
  readonly #listeners = new Set<(event: PeerEvent) => void>()
  readonly #acknowledges: boolean
  readonly #refuses: boolean
  readonly #joined = Promise.withResolvers<void>()
  #unacknowledged = 0

  constructor(
    config: PeerConfig,
    { members = [], acknowledges = true, refuses = false, outside = false }: FakeOptions
  ) {
    this.config = config
    if (!outside) this.#joined.resolve()
    this.peerId = config.privateKey.publicKey.toString()
    this.name = config.name
    this.room = config.room
    this.members = members
    this.#acknowledges = acknowledges
    this.#refuses = refuses
  }

  history(limit: number): HistoryLine[] {
    return this.lines.slice(-limit)
  }

  emit(event: PeerEvent): void {
    for (const listener of this.#listeners) listener(event)
  }

  subscribe(listener: (event: PeerEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  send(text: string, { to }: { to?: string } = {}): string {
    if (text === 'unsendable') throw new UserError('unsendable', 'that cannot be sent')
    this.sent.push(to === undefined ? { text } : { text, to })
    const id = `m${this.sent.length}`
    if (this.#refuses) {
      this.emit({ event: 'sent', id, to: [] })
      this.emit({ event: 'error', code: 'undelivered', message: 'it was refused' })
      return id
    }
    const receivers = to === undefined ? this.members.map(({ peer }) => peer) : [to]
    this.emit({ event: 'sent', id, to: receivers })
    for (const peer of receivers) {
      if (this.#acknowledges) this.emit({ event: 'delivered', id, peer })
      else this.#unacknowledged += 1
    }
    return id
  }

  /** A relay lets it in. */
  join(): void {
    this.#joined.resolve()
  }

  async joined(signal: AbortSignal): Promise<void> {
    await unlessAborted(this.#joined.promise, signal)
  }

  async delivered(signal: AbortSignal): Promise<void> {
    if (this.#unacknowledged === 0) return
    await new Promise((_, reject) => {
      if (signal.aborted) reject(signal.reason)
      signal.addEventListener('abort', () => reject(signal.reason), { once: true })
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.stopped) return
    this.stopped = true
    this.emit({ event: 'stopped' })
  }
}

/** What `startPeer` is in the program. */
export function fakeStartPeer(options: FakeOptions = {}): StartPeer {
  return async (config, { onEvent }) => {
    const fake = new FakePeer(config, options)
    if (onEvent !== undefined) fake.subscribe(onEvent)
    fake.emit({ event: 'started', peerId: fake.peerId, name: fake.name, addresses: [] })
    for (const { peer, name } of fake.members) {
      fake.emit({
        event: 'discovered',
        peer,
        room: fake.room,
        ...(name === undefined ? {} : { name })
      })
    }
    options.onStarted?.(fake)
    return fake
  }
}
