// What one relay gives away, in numbers, each with its reason. (pure)

const MINUTE_MS = 60_000
const MIB = 1024 * 1024

export interface RelayLimits {
  maxReservations: number
  maxReservationsPerHost: number
  reservationTtlMs: number
  maxCircuits: number
  /** Counted at both of its ends. */
  maxCircuitsPerPeer: number
  circuitDurationMs: number
  /** In each direction. */
  circuitDataBytes: number
  /** For a HOP message to arrive, and for a HOP stream to be closed by its remote. */
  hopTimeoutMs: number
  /** For the target to answer. */
  stopTimeoutMs: number
}

/** For a host with one CPU and 512 MB. */
export const DEFAULT_LIMITS: RelayLimits = {
  // A connected peer costs about 200 kB: 100 MB, and 3 s of handshakes when all of them come back after a restart.
  maxReservations: 512,
  // An office, or a host full of containers, has one address; one address must not take the whole relay either.
  maxReservationsPerHost: 128,
  // What go-libp2p grants. A peer that has gone frees its place at once, so this only bounds silent ones.
  reservationTtlMs: 60 * MINUTE_MS,
  // Two rooms of 20 in which everybody talks through the relay, both ends having dialled, need 760.
  maxCircuits: 1024,
  // A room of 20 is 19 circuits at each peer, and twice that while both ends dial each other.
  maxCircuitsPerPeer: 64,
  // Chat that cannot become direct lives here, so neither limit may tear it in the middle of a talk: half an hour is
  // many times what a punch needs, and a torn circuit is dialled again, its messages sent again, by the peers.
  circuitDurationMs: 30 * MINUTE_MS,
  // Weeks of typing; 36 kB/s for the whole half hour, so that nobody takes the relay for a file server.
  circuitDataBytes: 64 * MIB,
  // A HOP message follows the opening of its stream at once; 10 s are several lost packets.
  hopTimeoutMs: 10_000,
  // Stream, request and answer: three round trips, on a bad line.
  stopTimeoutMs: 10_000
}

/** On one connection. Above a peer's circuits, so that the refusal is a status with a reason and not a reset stream. */
export const MAX_HOP_STREAMS = 256
export const MAX_STOP_STREAMS = 256

/** Reservations, peers about to make one, and strangers who only look. Above it idle connections are pruned. */
export const MAX_CONNECTIONS = 768
/** A room of 20 behind one NAT may come back within the same second. */
export const MAX_INBOUND_PER_HOST_PER_SECOND = 50
