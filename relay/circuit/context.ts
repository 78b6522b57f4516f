// What serving a HOP stream takes from the relay that it runs in, and what all its answers share.
import type { Connection, PeerId, PrivateKey, Stream } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import { encodeHop, type CircuitLimit } from '../../shared/wire/circuit.ts'
import type { Books } from '../books.ts'
import type { RelayListener } from '../events.ts'
import { hostKey } from '../host-key.ts'
import type { RelayLimits } from '../limits.ts'
import type { TooMany } from '../request-rates.ts'
import { sendFrame } from './frames.ts'
import type { PassedBuffers } from './passed-buffers.ts'

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
  /** What goes through any of them. */
  passed: Pick<PassedBuffers, 'add'>
  /** Monotonic: whoever sets the clock neither ends what is granted nor lets it live for ever. */
  nowMs(): number
  /** Of the clock: what is announced and shown is by it. */
  clockMs(): number
  /** The relay's own, ending in `/p2p/…`. */
  addresses(): Multiaddr[]
  connectionsTo(peer: PeerId): Connection[]
  /** The peer has sent what is no message, or not sent one, or asks on although it is told to wait. */
  onOffence(peer: PeerId): void
  /** A reservation was granted or renewed. */
  onReserved(expiresAtMs: number): void
  /** Aborts when the relay stops. */
  signal: AbortSignal
}

/** Counts one request; undefined when it may be answered. Who asks on beyond a rate of its own offends by it. */
export function countRequest(
  { books, onOffence }: Pick<HopContext, 'books' | 'onOffence'>,
  { remotePeer, remoteAddr }: Pick<HopConnection, 'remotePeer' | 'remoteAddr'>
): TooMany | undefined {
  const who = { peer: remotePeer.toString(), host: hostKey(remoteAddr) }
  const tooMany = books.tooMany('hop', who)
  if (tooMany?.limit === 'hop-rate-per-peer') onOffence(remotePeer)
  return tooMany
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
