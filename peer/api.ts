// What a running peer looks like to the commands and to programs: `peer.ts` provides it, `commands/` build on it.
import type { PrivateKey } from '@libp2p/interface'
import type { Secret } from '../shared/secrets.ts'
import type { PathKind, PeerEvent } from './events.ts'
import type { HistoryLine } from './store/store.ts'

export interface PeerConfig {
  privateKey: PrivateKey
  /** Shown to the others: harmless text, at most 64 bytes. */
  name: string
  /** The rendezvous namespace as it stands, at most 255 bytes. */
  room: string
  /** Multiaddrs, at least one. With `/p2p/…` only that relay will do, without whichever answers there. */
  relays: string[]
  /** For relays that want one; each finds its own among them. */
  secrets?: readonly Secret[]
  /** Multiaddrs to listen on; port 0 lets the system choose. */
  listen: string[]
  /** Multiaddrs told to others beside those found out. */
  announce: string[]
  /** Never look for a direct path. */
  relayedOnly: boolean
  /**
   * Ask the router, by PCP, NAT-PMP or UPnP, to forward a port to us while we run, once a relay sees us behind a NAT.
   * Absent: do not.
   */
  portMapping?: boolean
  /** Tell a relay how searches for direct paths end, for its operator's metrics. Absent: do not. */
  reportPunches?: boolean
  /**
   * The database that keeps what is sent until it is delivered, and what was said; made when missing. One peer at a
   * time. Absent: both are kept until the peer stops.
   */
  stateFile?: string
}

/** Another peer of the room, as it stands now. */
export interface Member {
  /** Peer id. */
  peer: string
  name?: string
  path: PathKind
  address?: string
  /** Why the path is not direct. */
  reason?: string
  /** Messages sent and not yet acknowledged. */
  undelivered: number
}

/** One of our relays, as it stands now. Times are Unix milliseconds. */
export interface RelayStatus {
  /** Its peer id; unknown while nobody has answered at an address without `/p2p/…`. */
  relay?: string
  /** As it was named. */
  address: string
  state: 'connecting' | 'reserved' | 'refused' | 'lost'
  sinceMs: number
  /** Why it refused or was lost. */
  reason?: string
  /** When it is tried again. */
  retryAtMs?: number
  /** When a reservation ends that is not renewed before. */
  expiresAtMs?: number
  /** It is shutting down: when what is relayed there ends at the latest. */
  endsAtMs?: number
  /** What one circuit may use; an absent field is no limit. */
  limit?: { seconds?: number; bytes?: number }
}

export interface Peer extends AsyncDisposable {
  readonly peerId: string
  readonly name: string
  readonly room: string
  readonly members: Member[]
  /** In the order in which they were named. */
  readonly relays: RelayStatus[]
  /**
   * Calls the listener with every event from now on, until the returned function is called. What it throws stops
   * neither the peer nor other listeners: it becomes an uncaught exception of the process.
   */
  subscribe(listener: (event: PeerEvent) => void): () => void
  /**
   * Sends text to every member of the room, or to one (`to`: name or peer id). Returns the id; a `sent` event with it
   * follows once the message is on disk, an `error` when it cannot be stored. Throws UserError when nobody has that name.
   */
  send(text: string, options?: { to?: string }): string
  /** The last lines of the room, oldest first, those of earlier runs included. */
  history(limit: number): HistoryLine[]
  /** Resolves when one of the relays has us in the room and has told who else is, perhaps long ago; rejects with the signal's reason. */
  joined(signal: AbortSignal): Promise<void>
  /** Resolves when everything for those who have not left is acknowledged, rejects with the signal's reason. */
  delivered(signal: AbortSignal): Promise<void>
}

/**
 * Resolves once the node listens and knows the room, or has tried each relay in vain once: they are then tried for as
 * long as the peer runs, and `relay` events tell. Throws UserError for what no waiting mends.
 */
export type StartPeer = (
  config: PeerConfig,
  options: { signal: AbortSignal; onEvent?: (event: PeerEvent) => void }
) => Promise<Peer>
