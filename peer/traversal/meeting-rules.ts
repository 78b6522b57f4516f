// What a signal to punch now may make us dial: whoever gives it, a relay or a member, must not turn us against others.
// (pure: time is an argument)
import type { Multiaddr } from '@multiformats/multiaddr'
import { PerMinute } from '../per-minute.ts'
import { dialledCandidates, isNear } from './candidates.ts'
import { DialBudget } from './dial-budget.ts'
import type { DcutrRole } from './plan.ts'

/** A home has one mapped address for IPv4 and some for IPv6; others lead here without a punch. */
export const MAX_MEETING_CANDIDATES = 6

/** Two sides that are told in one instant need one or two; a NAT that refuses is asked again for half a second or two. */
export const MAX_DIALS_PER_CANDIDATE = 24

/** At once, over all peers: what a relay of ours tells a newcomer at most. */
export const MAX_MEETINGS_AT_ONCE = 16

/** One, and one each for a connection that comes back and an address that changes. */
export const MAX_MEETINGS_PER_PEER_AND_MINUTE = 3

/** Three times into a full room, for somebody whose network comes and goes. */
export const MAX_MEETINGS_PER_MINUTE = 60

/** Some members behind one NAT. Identities cost nothing: what they all name together is counted. */
export const MAX_DIALS_PER_HOST_AND_MINUTE = 64

/** Into a full room, whose NATs refuse at first. Whatever all of them name, it is 17 SYNs a second. */
export const MAX_DIALS_PER_MINUTE = 1024

/**
 * Registrations are renewed by the hour, with a record that is numbered by the clock. An older one has been kept by
 * somebody, and its addresses may be another's by now; clocks are wrong by hours, and seldom by days.
 */
export const MAX_RECORD_AGE_MS = 24 * 60 * 60 * 1000

/** Both sides are told at once, so none can begin: the smaller peer id answers, and speaks first on the connection. */
export function meetingRole(ownId: string, peerId: string): DcutrRole {
  return ownId < peerId ? 'responder' : 'initiator'
}

export interface MeetingOffer {
  /** What that peer signed. */
  offered: readonly Multiaddr[]
  /** Our candidates. */
  own: readonly Multiaddr[]
  /** Where our relays are. */
  relays: readonly Multiaddr[]
}

/**
 * The candidates worth a punch: addresses on the Internet, and those on a network that we are on. Nobody behind another
 * NAT is at one of the others, but somebody else may be.
 */
export function meetingCandidates({ offered, own, relays }: MeetingOffer): Multiaddr[] {
  const { candidates } = dialledCandidates(offered, own, { relays })
  return candidates
    .filter((address) => isNear(address, candidates, own))
    .slice(0, MAX_MEETING_CANDIDATES)
}

export class MeetingBudget {
  readonly #all = new PerMinute(MAX_MEETINGS_PER_MINUTE)
  readonly #byPeer = new PerMinute(MAX_MEETINGS_PER_PEER_AND_MINUTE)
  readonly #dials = new DialBudget({
    perHost: MAX_DIALS_PER_HOST_AND_MINUTE,
    all: MAX_DIALS_PER_MINUTE
  })

  /** Takes one meeting with that peer, unless there were too many. */
  take(peer: string, nowMs: number): boolean {
    return this.#byPeer.take(peer, nowMs) && this.#all.take('all', nowMs)
  }

  /** Takes one dial to that address, unless there were too many. */
  takeDial(address: Multiaddr, nowMs: number): boolean {
    return this.#dials.take(address, nowMs)
  }
}

export function isOutdated(recordSequence: number, nowUnixMs: number): boolean {
  return Math.abs(nowUnixMs - recordSequence) > MAX_RECORD_AGE_MS
}
