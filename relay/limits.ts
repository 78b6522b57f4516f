// What one relay gives away: every limit with its name, unit, range, default and reason. (pure)
// The name is the same in the configuration file, in events, in the log and in metrics.

const MIB = 1024 * 1024
/** Where more would be a slip of the keyboard. */
const MANY = 1_000_000
const DAY_SECONDS = 86_400
const GIB = 1024 * MIB

export interface LimitSpec {
  /** A rate may also be spent at once: a bucket holds a minute's worth, one of bandwidth a second's worth. */
  unit: 'count' | 'bytes' | 'seconds' | 'per minute' | 'bytes per second'
  default: number
  min: number
  max: number
  /** Why the default, for those who think of another; no line breaks. */
  why: string
}

const spec = (
  unit: LimitSpec['unit'],
  byDefault: number,
  [min, max]: readonly [min: number, max: number],
  why: string
): LimitSpec => ({ unit, default: byDefault, min, max, why })

/** For a host with one CPU and 512 MB, and some hundred peers. A host is an IPv4 address, or the /64 of an IPv6 one. */
export const LIMITS = {
  connections: spec(
    'count',
    768,
    [1, MANY],
    'A connection costs an eighth of a MB, with what its peer does on it: 96 MB. Room for all reservations, and half as many who are about to make one or only dial.'
  ),
  'connections-per-host': spec(
    'count',
    192,
    [1, MANY],
    'An office behind one address, with its reservations and those that are being replaced; and four hosts at least to fill the relay.'
  ),
  'connection-rate-per-host': spec(
    'per minute',
    600,
    [1, MANY],
    'A handshake and what follows it cost 3 ms of CPU: one host takes a thirtieth of the CPU, once it has used up the 600 that an office needs after a restart.'
  ),
  handshakes: spec(
    'count',
    128,
    [1, MANY],
    'Connections that are not encrypted and multiplexed yet: a third of a second of CPU is under way, more would only wait.'
  ),
  'handshakes-per-host': spec(
    'count',
    64,
    [1, MANY],
    'Half of them, so that one host with half-open handshakes does not shut the door to others.'
  ),
  'handshake-seconds': spec(
    'seconds',
    10,
    [1, 300],
    'From accepted to encrypted and multiplexed: four round trips on a bad line with a lost packet or two.'
  ),
  'waiting-streams': spec(
    'count',
    4096,
    [1, MANY],
    'Streams that have not said yet what they are for, and those of HOP until a circuit opens on them or they are closed. One costs 17 kB (measured): 70 MB, from four hosts at least.'
  ),
  'waiting-streams-per-host': spec(
    'count',
    1024,
    [1, MANY],
    'A full office whose peers all dial eight others in the same instant; 17 MB.'
  ),
  'stream-rate-per-peer': spec(
    'per minute',
    1800,
    [1, MANY],
    'Twice what its requests may be when each has a stream of its own. Beyond it the connection is closed.'
  ),
  'stream-rate-per-host': spec(
    'per minute',
    24_000,
    [1, MANY],
    'As often as the hosts of all requests, with room for pings. A stream costs 0.1 ms of CPU even when it is reset at once: a 25th of a CPU.'
  ),
  'offences-per-peer': spec(
    'per minute',
    60,
    [1, MANY],
    'What is no request, or never arrives, and requests beyond a rate of the peer: once a second for a minute is no mistake. Beyond it the connection is closed.'
  ),
  'idle-seconds': spec(
    'seconds',
    60,
    [1, DAY_SECONDS],
    'A connection without reservation, registration, circuit or stream. Peers reserve within seconds; who only looks has looked.'
  ),
  reservations: spec(
    'count',
    512,
    [0, MANY],
    'Some hundred peers; 64 MB, and 1.5 s of CPU when all come back after a restart. A peer has one: asking again renews it.'
  ),
  'reservations-per-host': spec(
    'count',
    128,
    [0, MANY],
    'An office, or a host full of containers, has one address; one address must not take the whole relay either.'
  ),
  'reservation-seconds': spec(
    'seconds',
    3600,
    [60, DAY_SECONDS],
    'What go-libp2p grants. A peer that has gone frees its place at once, so this only bounds silent ones.'
  ),
  circuits: spec(
    'count',
    1024,
    [0, MANY],
    'Two rooms of 20 in which everybody talks through the relay, both ends having dialled, need 760.'
  ),
  'circuits-per-peer': spec(
    'count',
    64,
    [0, 200],
    'At each of its ends. A room of 20 is 19 circuits at each peer, and twice that while both ends dial each other.'
  ),
  'circuits-per-host': spec(
    'count',
    512,
    [0, MANY],
    'At each of its ends, and one between two peers of the host: a room of 20 behind one address needs 380, both ends having dialled, and a host takes half of all.'
  ),
  'circuit-seconds': spec(
    'seconds',
    1800,
    [1, DAY_SECONDS],
    'Many times what a punch needs; chat that cannot become direct lives here, and a circuit that is torn is dialled again.'
  ),
  'circuit-bytes': spec(
    'bytes',
    64 * MIB,
    [1024, 1024 * GIB],
    'In each direction: weeks of typing, 36 kB/s for the whole half hour, so that nobody takes the relay for a file server.'
  ),
  'circuit-bytes-per-second': spec(
    'bytes per second',
    4 * MIB,
    [1024, 100 * GIB],
    'In each direction: an eighth of the whole, more than a home line sends, and nothing that a chat would notice.'
  ),
  'bytes-per-second': spec(
    'bytes per second',
    32 * MIB,
    [1024, 100 * GIB],
    'All circuits together, both directions: a fifth of one CPU, and half of a port of 1 Gbit/s, which carries each byte in and out. Divided by twice the limit "circuits", 16 KiB here, it is what no circuit waits for, in either direction.'
  ),
  'held-bytes': spec(
    'bytes',
    64 * MIB,
    [MIB, 1024 * GIB],
    'What circuits hold for peers that do not read, together; above it those that hold most are ended. Each holds 1 MiB at most, and memory grows by twice that (measured).'
  ),
  'hop-seconds': spec(
    'seconds',
    10,
    [1, 300],
    'For a request to arrive, and for its stream to be closed. It follows the opening of the stream at once; this is several lost packets.'
  ),
  'stop-seconds': spec(
    'seconds',
    10,
    [1, 300],
    'For the target of a circuit to answer: stream, request and answer are three round trips, on a bad line.'
  ),
  'hop-rate-per-peer': spec(
    'per minute',
    240,
    [1, MANY],
    'Reservations and circuits asked for: four times what a peer may have, for rooms that come back after an interruption.'
  ),
  'hop-rate-per-host': spec(
    'per minute',
    2400,
    [1, MANY],
    'Two rooms of 20 behind one address dial each other at once, three times over. A request costs about 1 ms of CPU.'
  ),
  registrations: spec(
    'count',
    4096,
    [0, MANY],
    'Eight rooms for each reserved peer. Usually 1 kB each; records made as large as they may be, in both forms, take 128 MB.'
  ),
  'registrations-per-peer': spec(
    'count',
    32,
    [0, MANY],
    'What rust-libp2p and go-libp2p take from one peer, at most.'
  ),
  'registrations-per-host': spec(
    'count',
    1024,
    [0, MANY],
    'Eight rooms for each peer of a full office, and a quarter of all.'
  ),
  'registrations-per-room': spec('count', 1000, [0, MANY], 'As many as fit into one reply.'),
  'rendezvous-rate-per-peer': spec(
    'per minute',
    600,
    [1, MANY],
    'A peer asks once a second for each of its rooms while something happens there.'
  ),
  'rendezvous-rate-per-host': spec(
    'per minute',
    12_000,
    [1, MANY],
    'A full office whose peers ask once a second needs 7,680; a question that finds nothing new costs 0.2 ms of CPU.'
  ),
  'wrong-secret-rate-per-host': spec(
    'per minute',
    240,
    [1, MANY],
    'A full office whose secret has been replaced tries 90 times. Beyond it no secret from that host is looked at: guesses come to nothing.'
  ),
  'dial-backs': spec(
    'count',
    32,
    [0, MANY],
    'Peers that the relay dials at the same time, because they asked what their NAT does with strangers: a socket each, for two seconds at most. 0 switches it off.'
  ),
  'dial-back-rate-per-peer': spec(
    'per minute',
    6,
    [0, MANY],
    'A peer asks once in twenty minutes, and again on another network or by `parley doctor`.'
  ),
  'dial-back-rate-per-host': spec(
    'per minute',
    128,
    [0, MANY],
    'A full office after a restart; the only host that can be dialled is the one that asks.'
  ),
  'meetings-per-registration': spec(
    'count',
    16,
    [0, 1000],
    'Members who are told of a newcomer in the same instant, to punch with it: as many as it punches with at once. The others find it within a second.'
  ),
  'meeting-rate-per-peer': spec(
    'per minute',
    120,
    [0, MANY],
    'Meetings that a peer is told of: seven times into a full room; who registers in a loop makes the others dial no more than that.'
  )
} as const satisfies Record<string, LimitSpec>

export type LimitName = keyof typeof LIMITS

/** In the units of the table. Tests also use fractions, zeros and Infinity, which the configuration file does not take. */
export type RelayLimits = Record<LimitName, number>

export const LIMIT_NAMES = Object.keys(LIMITS).filter((name): name is LimitName =>
  Object.hasOwn(LIMITS, name)
)

/** A value for each limit. */
export function eachLimit<Value>(valueOf: (name: LimitName) => Value): Record<LimitName, Value> {
  const values: Partial<Record<LimitName, Value>> = {}
  for (const name of LIMIT_NAMES) values[name] = valueOf(name)
  if (!hasAll(values)) throw new TypeError('a limit has no value')
  return values
}

const hasAll = <Value>(
  values: Partial<Record<LimitName, Value>>
): values is Record<LimitName, Value> => LIMIT_NAMES.every((name) => name in values)

export const DEFAULT_LIMITS: RelayLimits = eachLimit((name) => LIMITS[name].default)

/** How full a limit is; of one for each host or peer, at the host or peer that has most. */
export interface Usage {
  limit: LimitName
  used: number
  max: number
}

export const usageOf = (
  used: Partial<Record<LimitName, number>>,
  limits: Readonly<RelayLimits>
): Usage[] =>
  LIMIT_NAMES.flatMap((limit) => {
    const count = used[limit]
    return count === undefined ? [] : [{ limit, used: count, max: limits[limit] }]
  })
