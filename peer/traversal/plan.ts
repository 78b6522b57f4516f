// When to dial, how often, and who starts: the numbers and rules of a punch. (pure)
import type { PunchRole } from '../../shared/transport/punch-table.ts'

/** The side that opened the DCUtR stream is the initiator: B of the specification, and TCP's server. */
export type DcutrRole = 'initiator' | 'responder'

/** The specification's number. 97 % of punches that work do so in the first round (libp2p's measurement, 2025). */
export const ROUNDS = 3

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

/** Before the second and third round; a clash of both sides' rounds dissolves in it. */
const PAUSES_MS = [300, 1_200]

/** The pause after round `attempt` (1 is the first); undefined when that was the last. */
export function pauseAfter(attempt: number): number | undefined {
  return attempt < ROUNDS ? PAUSES_MS[attempt - 1] : undefined
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
