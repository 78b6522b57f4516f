// What serving a HOP stream takes from the relay that it runs in, and what all its answers share.
import type { Connection, PeerId, PrivateKey, Stream } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import { encodeHop, type CircuitLimit } from '../../shared/wire/circuit.ts'
import type { Books } from '../books.ts'
import type { RelayListener } from '../events.ts'
import { sendFrame } from './frames.ts'
import type { RelayLimits } from '../limits.ts'

/** A circuit while it is open. Peers are peer ids. */
export interface LiveCircuit {
  from: string
  to: string
  openedAtMs: number
  endsAtMs: number
  /** In each direction. */
  maxBytes: number
  bytes: [toTarget: number, fromTarget: number]
}

/** What a request is judged by, of the connection that it came over. */
export type HopConnection = Pick<Connection, 'direct' | 'remotePeer' | 'remoteAddr'>

export interface HopContext {
  privateKey: PrivateKey
  peerId: PeerId
  books: Books
  onEvent: RelayListener
  /** Those that are open, for whoever watches. */
  circuits: Set<LiveCircuit>
  /** Of the calendar: what is announced expires by it. */
  nowMs(): number
  /** The relay's own, ending in `/p2p/…`. */
  addresses(): Multiaddr[]
  connectionsTo(peer: PeerId): Connection[]
  /** A reservation was granted or renewed. */
  onReserved(expiresAtMs: number): void
  /** Aborts when the relay stops. */
  signal: AbortSignal
}

/** Answers with one of CircuitStatus. Throws when the stream is closed for writing. */
export function refuse(stream: Stream, status: number): void {
  sendFrame(stream, encodeHop({ type: 'STATUS', status }))
}

/** In the units of the spec: seconds, and bytes in each direction. */
export function announcedLimit(limits: Readonly<RelayLimits>): CircuitLimit {
  return {
    durationSeconds: Math.floor(limits['circuit-seconds']),
    dataBytes: limits['circuit-bytes']
  }
}
