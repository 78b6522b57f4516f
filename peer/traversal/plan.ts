// When to dial, how often, and who starts: the numbers and rules of a punch. (pure)
import type { PunchRole } from '../../shared/transport/punch-table.ts'

/** The side that opened the DCUtR stream is the initiator: B of the specification, and TCP's server. */
export type DcutrRole = 'initiator' | 'responder'

/** Between rounds in quick succession; a clash of both sides' rounds dissolves in it. */
const PAUSES_MS = [300, 1_200, 2_500, 5_000]

/**
 * Rounds in quick succession. The specification has three, and 97 % of punches that work do so in the first (libp2p's
 * measurement, 2025); at 10 % packet loss between two NATs that answer RST, one pair in a hundred needs more.
 */
export const ROUNDS = 1 + PAUSES_MS.length

/** One stream exchange over a slow relay; a relay that takes longer is of no use for timing a punch. */
export const EXCHANGE_TIMEOUT_MS = 8_000

/**
 * How long a round dials. The kernel repeats a lost SYN after 1 s and 3 s: with one packet in ten lost,
 * two repeats and the handshakes after them fit in.
 */
export const WINDOW_MS = 5_000

/**
 * Who is connected when the window ends may complete its handshakes. Where the SYN had to be repeated, the kernel
 * repeats what gets lost after it after 3 s.
 */
export const HANDSHAKES_MS = 8_000

/**
 * Between a refused dial and the next, on average. A NAT that answers RST lets us in while our peer's SYN is on its way
 * to us or its RST on the way back: for one round trip. So the next SYN follows soon, and varies not to stay out of step.
 */
export const REDIAL_MS = 5

/** After so many dials of an address they are spaced out: whatever refuses so often is not about to change. */
export const EAGER_DIALS = 60
export const SPACED_REDIAL_MS = 200

/** The code of a dial whose 4-tuple the other side's SYN holds; look again when its handshake had its time. */
export const TAKEN = 'EADDRNOTAVAIL'
export const TAKEN_REDIAL_MS = 1_000

/** After those: networks change without a word, and a round costs some seconds of SYNs. */
const LATER_PAUSES_MS = [15_000, 30_000, 60_000, 120_000, 300_000]

/**
 * Least pause after an RST. Linux remembers for 10 s (nf_conntrack_tcp_timeout_close) that the NAT of the other side
 * has refused us, lets in no SYN from there as long, and begins anew with each further RST: nothing but silence helps.
 */
export const REFUSED_PAUSE_MS = 11_000

export interface Pause {
  /** Of the round before it; 1 is the first. */
  attempt: number
  /** Whether a NAT has answered that round with RST. */
  sawRst: boolean
  /** From 0 to 1. */
  random: number
}

/** The pause between two rounds; up to half as much again, so that two sides that clash part. */
export function pauseAfter({ attempt, sawRst, random }: Pause): number {
  const pauses = [...PAUSES_MS, ...LATER_PAUSES_MS]
  const pauseMs = pauses[Math.min(attempt, pauses.length) - 1] ?? 0
  const leastMs = sawRst ? REFUSED_PAUSE_MS : 0
  return Math.max(pauseMs * (1 + random / 2), leastMs)
}

/** A direct connection that ends is often the first of several: a peer that leaves is not punched once more. */
export const LOST_PAUSE_MS = 1_000

/** A direct connection that died after less than this counts as lost in a row. */
export const LASTING_MS = 60_000

const LOST_PAUSES_MS = [0, 1_000, 4_000, 15_000, 60_000]

/** Before the first round after the `losses`-th direct connection in a row was lost; 0 of them: at once. */
export function pauseAfterLosses(losses: number): number {
  return LOST_PAUSES_MS[Math.min(losses, LOST_PAUSES_MS.length - 1)] ?? 0
}

/** A: client, B: server, whoever's SYN arrives first. */
export function punchRole(role: DcutrRole): PunchRole {
  return role === 'responder' ? 'client' : 'server'
}

/**
 * The responder dials when SYNC arrives, the initiator half a round trip after sending it: at the same moment.
 * `rttMs` is measured from our CONNECT to theirs.
 */
export function dialDelayMs(role: DcutrRole, rttMs: number): number {
  return role === 'initiator' ? rttMs / 2 : 0
}

/** Both sides started a round at once: the smaller peer id goes on as initiator, the other one answers. */
export function yieldsTo(ownId: string, peerId: string): boolean {
  return peerId < ownId
}

export interface FailedDial {
  errorCode: string | undefined
  /** Dials of that address in this round, this one included. */
  dials: number
  /** Whether a NAT may sit there. */
  isNat: boolean
  /** From 0 to 1. */
  random: number
}

/**
 * When to dial an address again; undefined for never. Only a NAT is worth eagerness: a host
 * that refuses goes on refusing.
 */
export function redialAfterMs({ errorCode, dials, isNat, random }: FailedDial): number | undefined {
  if (errorCode === TAKEN) return TAKEN_REDIAL_MS
  if (errorCode === 'EINVAL' || errorCode === 'EAFNOSUPPORT' || errorCode === 'EACCES')
    return undefined
  // Without a code it was the handshake that failed: somebody else lives there.
  const eager = isNat && errorCode !== undefined && dials < EAGER_DIALS
  return (eager ? REDIAL_MS : SPACED_REDIAL_MS) * (0.5 + random)
}
