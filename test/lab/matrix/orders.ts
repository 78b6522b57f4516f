// What a member's process is told, and what it tells beside the events of its peers.

import type { PeerEvent } from '../../../peer/events.ts'

/** A new peer, with a key and a port of its own. Answered by `joined`, as soon as the relay has it in the room. */
export interface Join {
  do: 'join'
  room: string
  relay: string
  timeoutMs: number
}

/** `leave`: the peer says goodbye and stops, which its `stopped` tells. */
export type Order = Join | { do: 'say'; text: string } | { do: 'leave' }

export type MemberTold = PeerEvent | { event: 'joined' }
