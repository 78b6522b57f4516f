// What a peer keeps over its runs: the books of both directions, and what was said. (pure)
// The conversation decides what to store; a store only keeps it, all of one write or nothing.
import type { IncomingState } from '../conversation/incoming-ledger.ts'
import type { OutgoingMessage } from '../conversation/ledger.ts'
import type { Numbered, OutgoingState } from '../conversation/outgoing-ledger.ts'

/** Peers are peer ids, moments milliseconds since 1970 on our clock. */
export type Change =
  /** We said something: it waits for everybody in `to`, if there is anybody. */
  | {
      kind: 'sent'
      message: OutgoingMessage
      name: string
      to: ReadonlyArray<{ peer: string; epoch: string } & Numbered>
    }
  /** That peer was met, and has everything up to and including `received`. */
  | { kind: 'acknowledged'; peer: string; received: number; atMs: number }
  /** The oldest message that waited for that peer will not be delivered. */
  | { kind: 'gaveUp'; peer: string; seq: number }
  /** Everything that waits for that peer above `acknowledged` is numbered from 1, under another epoch. */
  | { kind: 'renumbered'; peer: string; epoch: string; acknowledged: number }
  /** That peer said something; `books` is absent when it came by `/p2p/msg/1.0.0`. */
  | {
      kind: 'received'
      peer: string
      name?: string
      messages: readonly OutgoingMessage[]
      books?: IncomingState
      atMs: number
    }

export interface HistoryLine {
  id: string
  /** Who said it; absent: we did. */
  peer?: string
  /** What its sender was called then. */
  name?: string
  /** Absent: it was for one alone. */
  room?: string
  sentAtMs: number
  text: string
  /** For what we said: who was to get it, and since when we know that it arrived. */
  to: Array<{ peer: string; deliveredAtMs?: number }>
}

export interface HistoryQuery {
  /** Absent: all rooms, and what was said to one alone. */
  room?: string
  /** The last so many lines. */
  limit: number
}

/** Throws StoreError where it reads. */
export interface Store extends AsyncDisposable {
  /** What waits for that peer and how far it is; undefined when nothing was ever sent to it. */
  outgoing(peer: string): OutgoingState | undefined
  /** How far that peer's sending is; undefined when nothing is known of it. */
  incoming(peer: string): IncomingState | undefined
  /** Whether that peer has said a message of that id, as far as the history goes and writes are done. */
  has(peer: string, id: string): boolean
  /** Oldest first. */
  history(query: HistoryQuery): HistoryLine[]
  /**
   * Stores the changes with whatever else is written before the next microtask. `done` is called in the moment
   * when they outlive the process, or with the reason why none of these changes was stored.
   */
  write(changes: readonly Change[], done: (error?: Error) => void): void
  /** Does at once what was written. Not from within a `done`. */
  flush(): void
  /** Resolves when all that is written outlives a power failure too. Never rejects: `onTrouble` tells. */
  synced(): Promise<void>
}

/** Limits of what is kept; what waits for somebody is never dropped for them. */
export const HISTORY_LIMITS = {
  /** Years of a quiet room, some weeks of a busy one: about 30 MB. */
  maxMessages: 100_000,
  /** UTF-8 bytes of text: as many of the longest messages would fill the disk with 6 GB. */
  maxBytes: 256 * 1024 * 1024,
  maxAgeMs: 365 * 24 * 3_600_000
} as const

/** What waits longer is given up: nobody expects an answer any more, and a key that is gone never comes back. */
export const MAX_WAITING_MS = 30 * 24 * 3_600_000

/** UTF-8 bytes of text that may wait for everybody together; a small share is left to each whatever the others do. */
export const MAX_WAITING_BYTES = 64 * 1024 * 1024

/** Peers whose count is kept; beyond it the one heard longest ago is forgotten. */
export const MAX_PEERS_KEPT = 10_000
