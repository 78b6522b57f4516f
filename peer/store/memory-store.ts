// Keeps nothing over runs: for tests, and for programs that start a peer without a state file.
import type { IncomingState } from '../conversation/incoming-ledger.ts'
import type { OutgoingMessage } from '../conversation/ledger.ts'
import type { OutgoingState } from '../conversation/outgoing-ledger.ts'
import { isolated } from '../listeners.ts'
import type { Change, HistoryLine, HistoryQuery, Store } from './store.ts'

const MAX_LINES = 1_000

interface Outgoing extends OutgoingState {
  waiting: OutgoingMessage[]
}

export class MemoryStore implements Store {
  readonly #outgoing = new Map<string, Outgoing>()
  readonly #incoming = new Map<string, IncomingState>()
  #lines: HistoryLine[] = []
  #queue: Array<() => void> = []

  outgoing(peer: string): OutgoingState | undefined {
    this.flush()
    const state = this.#outgoing.get(peer)
    return state && { ...state, waiting: [...state.waiting] }
  }

  incoming(peer: string): IncomingState | undefined {
    this.flush()
    return this.#incoming.get(peer)
  }

  has(peer: string, id: string): boolean {
    return this.#lines.some((line) => line.id === id && line.peer === peer)
  }

  history({ room, limit }: HistoryQuery): HistoryLine[] {
    this.flush()
    return this.#lines.filter((line) => room === undefined || line.room === room).slice(-limit)
  }

  write(changes: readonly Change[], done: (error?: Error) => void): void {
    if (this.#queue.length === 0) queueMicrotask(() => this.flush())
    this.#queue.push(() => {
      for (const change of changes) this.#apply(change)
      isolated(done)
    })
  }

  async synced(): Promise<boolean> {
    this.flush()
    return true
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.flush()
  }

  flush(): void {
    for (const write of this.#queue.splice(0)) write()
  }

  #apply(change: Change): void {
    switch (change.kind) {
      case 'sent':
        return this.#sent(change)
      case 'acknowledged':
        delete this.#outgoing.get(change.peer)?.onWire
        return this.#settle(change.peer, change.received, change.atMs)
      case 'gaveUp':
        return this.#settle(change.peer, change.seq)
      case 'renumbered': {
        const state = this.#outgoing.get(change.peer)
        if (state === undefined) return undefined
        this.#settle(change.peer, change.acknowledged)
        delete state.onWire
        Object.assign(state, { epoch: change.epoch, acknowledged: 0 })
        return undefined
      }
      case 'received': {
        const { peer, name, messages, books } = change
        if (books !== undefined) this.#incoming.set(peer, { ...books, past: [...books.past] })
        const who = name === undefined ? { peer } : { peer, name }
        this.#keep(messages.map((message) => ({ ...message, ...who, to: [] })))
        return undefined
      }
      default:
        return change satisfies never
    }
  }

  #sent({ message, name, to }: Extract<Change, { kind: 'sent' }>): void {
    this.#keep([{ ...message, name, to: to.map(({ peer }) => ({ peer })) }])
    for (const { peer, epoch, seq, onWire } of to) {
      const known = this.#outgoing.get(peer)
      const state: Outgoing = known ?? { epoch, acknowledged: seq - 1, waiting: [] }
      state.waiting.push(message)
      if (onWire !== undefined) state.onWire ??= onWire
      this.#outgoing.set(peer, state)
    }
  }

  #settle(peer: string, seq: number, atMs?: number): void {
    const state = this.#outgoing.get(peer)
    if (state === undefined) return
    const settled = state.waiting.splice(0, Math.max(0, seq - state.acknowledged))
    state.acknowledged += settled.length
    if (atMs === undefined) return
    const ids = new Set(settled.map(({ id }) => id))
    for (const line of this.#lines.filter(({ id }) => ids.has(id))) {
      const delivery = line.to.find((each) => each.peer === peer)
      if (delivery !== undefined) delivery.deliveredAtMs = atMs
    }
  }

  #keep(lines: HistoryLine[]): void {
    this.#lines.push(...lines)
    if (this.#lines.length > 2 * MAX_LINES) this.#lines = this.#lines.slice(-MAX_LINES)
  }
}
