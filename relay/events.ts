// What the relay tells those who watch it: the objects that `--json` prints, one a line, with `at` added.

/** Fields may be added, never renamed: scripts read them. Peers are peer ids. */
export type RelayEvent =
  | { event: 'listening'; peerId: string; addresses: string[] }
  | {
      event: 'reservation'
      peer: string
      action: 'granted' | 'refused' | 'released'
      reason?: string
    }
  | {
      event: 'circuit'
      from: string
      to: string
      action: 'opened' | 'refused' | 'closed'
      reason?: string
      /** Both directions together. */
      bytes?: number
    }
  | {
      event: 'registration'
      peer: string
      room: string
      action: 'added' | 'refused' | 'removed' | 'expired'
      reason?: string
    }
  /** The self-check's verdict, when it changes; the reason says what failed. */
  | { event: 'readiness'; ready: boolean; reason?: string }
  /** Where the status page is. */
  | { event: 'status'; url: string }
  /** The store that several relays share. `place`: its URL without user and password. */
  | { event: 'rooms'; action: 'unavailable' | 'available'; place: string; reason?: string }
  | { event: 'error'; code: string; message: string }
  | { event: 'stopped' }

export type RelayListener = (event: RelayEvent) => void
