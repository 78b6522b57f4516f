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
 * Between a refused dial and the next, on average: a NAT that answers RST lets us in as soon as our SYNs cross. It is
 * open from a SYN to its RST, and two sides that dial in step but out of phase never meet: pauses vary.
 */
export const REDIAL_MS = 25

/** From this age of a round on, dials are spaced out: a host that refuses for a second is not about to change. */
export const EAGER_MS = 1_500
export const SPACED_REDIAL_MS = 200

/** After EADDRNOTAVAIL the other side's SYN holds the 4-tuple; look again when its handshake had its time. */
export const TAKEN_REDIAL_MS = 1_000

/** After those: networks change without a word, and a round costs some seconds of SYNs. */
const LATER_PAUSES_MS = [15_000, 30_000, 60_000, 120_000, 300_000]

/** The pause after round `attempt` (1 is the first); up to half as much again, so that two sides that clash part. */
export function pauseAfter(attempt: number, random: number): number {
  const pauses = [...PAUSES_MS, ...LATER_PAUSES_MS]
  return (pauses[Math.min(attempt, pauses.length) - 1] ?? 0) * (1 + random / 2)
}

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

/**
 * When to dial again after a dial failed, `ageMs` into the round; undefined for never. Only a NAT, which has a public
 * address, is worth eagerness: on a private one sits a host, and it answers at once.
 */
export function redialAfterMs(
  errorCode: string | undefined,
  ageMs: number,
  isPublic: boolean,
  random: number
): number | undefined {
  if (errorCode === 'EADDRNOTAVAIL') return TAKEN_REDIAL_MS
  if (errorCode === 'EINVAL' || errorCode === 'EAFNOSUPPORT' || errorCode === 'EACCES')
    return undefined
  // Without a code it was the handshake that failed: somebody else lives there.
  const eager = isPublic && errorCode !== undefined && ageMs < EAGER_MS
  return (eager ? REDIAL_MS : SPACED_REDIAL_MS) * (0.5 + random)
}
