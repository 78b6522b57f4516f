// How to punch when a NAT gives every destination another port: whose ports can be guessed, with how many tries, and
// when there is no hope. Both sides come to the same plan from the same two reports. (pure)
import type { NatReport } from '../../shared/wire/nat-report.ts'
import type { Shot } from './volley.ts'

/**
 * What this side does beside the ordinary punch. `aim`: many sockets from fresh ports to the other side's one address,
 * so that our NAT opens as many ports. `guess`: one port of ours to many of the other side's host. `scatter`: both,
 * from fresh ports to guessed ones. Sockets are open at once; shots are all that are ever fired.
 */
export type GuessPlan =
  /** No NAT in between changes ports: what everybody dials anyway is right. */
  | { kind: 'plain' }
  | { kind: 'aim'; sockets: number; shots: number }
  | { kind: 'guess' | 'scatter'; ports: PortSpace; sockets: number; shots: number }
  | Hopeless

export type Volleys = Exclude<GuessPlan, { kind: 'plain' | 'hopeless' }>

export type Hopeless =
  /** Neither side can tell where the other one will be. */
  | { kind: 'hopeless'; why: 'both-change-ports' }
  /** One side is seen at several public hosts. */
  | { kind: 'hopeless'; why: 'pool' }
  /** With so many file descriptors it would be possible: on our side, and on the other one. */
  | { kind: 'hopeless'; why: 'few-sockets'; mine: number; yours: number }

/** Where the other side's ports may be. */
export interface PortSpace {
  low: number
  high: number
  step: number
  /** The nearest first, or in any order. */
  order: 'up' | 'down' | 'shuffled'
}

/** Ports below are the system's own; NATs give them to nobody. */
const LOWEST_PORT = 1_024
const HIGHEST_PORT = 65_535
const ANYWHERE: PortSpace = { low: LOWEST_PORT, high: HIGHEST_PORT, step: 1, order: 'shuffled' }

/**
 * TRAVERSAL section 3: 384 × 1,024 tries among 64,512 ports meet 6 times on average; that they never do has a chance of
 * e^-6, 1 in 400. What is refused at once makes room for another try, up to the shots.
 */
const RANDOM = { aim: { sockets: 384, shots: 1_536 }, guess: { sockets: 1_024, shots: 3_072 } }

/** In a sequence or a block nearly every guess is taken: few sockets will do, and must, or they run away from us. */
const NEAR = { aim: { sockets: 32, shots: 192 }, guess: { sockets: 1_024, shots: 3_072 } }

/** Two blocks, each taken for 900 ports: 1,536 × 1,536 tries meet 3 times. */
const BLOCK_SOCKETS = 1_536

/** What the other hosts behind a NAT may take between its last observation and the punch. */
const SEQUENCE_AHEAD = 256

/** Two sequences meet at the ports that both will soon come to, and must not have passed. */
const MEETING_AHEAD = 24
const MEETING = { sockets: 64, shots: 64 }

/** Some observations do not show a block's ends; so much of what they span may lie beyond, at either. */
const BLOCK_MARGIN = 0.35

/** How many pairs of sockets have to meet, on average: once means in two rounds of three. */
const MIN_HITS = 1

/** What is known of a side's ports. */
type Ports = Pick<NatReport, 'mapping' | 'ports' | 'step' | 'seenPorts'>

/** The most sockets that any plan asks of a side with that NAT, where there is hope. */
export function mostSockets(own: Ports): number {
  if (spaceOf(own) === undefined) return RANDOM.guess.sockets
  if (own.ports === 'sequential') return SEQUENCE_AHEAD
  return own.ports === 'block' ? BLOCK_SOCKETS : RANDOM.aim.sockets
}

export function planGuesses(own: NatReport, other: NatReport): GuessPlan {
  const [ours, theirs] = [spaceOf(own), spaceOf(other)]
  if (ours === undefined && theirs === undefined) return { kind: 'plain' }
  if (own.hosts > 1 || other.hosts > 1) return { kind: 'hopeless', why: 'pool' }
  const { mine, yours, hits } = tries({ own, other, ours, theirs })
  const mySockets = Math.min(mine.sockets, own.sockets)
  if (hits(mySockets, Math.min(yours.sockets, other.sockets)) >= MIN_HITS) {
    return {
      ...mine,
      sockets: mySockets,
      shots: Math.ceil((mine.shots * mySockets) / mine.sockets)
    }
  }
  const isPossible = hits(mine.sockets, yours.sockets) >= MIN_HITS
  if (!isPossible) return { kind: 'hopeless', why: 'both-change-ports' }
  return { kind: 'hopeless', why: 'few-sockets', mine: mine.sockets, yours: yours.sockets }
}

/** Each guessed port once, for as long as there are any; and then from the beginning. */
export function* guessedPorts(
  { low, high, step, order }: PortSpace,
  random: () => number
): Generator<number> {
  const ports = Array.from(
    { length: Math.floor((high - low) / step) + 1 },
    (_, n) => low + n * step
  )
  if (order === 'down') ports.reverse()
  for (;;) {
    for (let n = 0; n < ports.length; n += 1) {
      if (order === 'shuffled') swap(ports, n, n + Math.floor(random() * (ports.length - n)))
      yield ports[n] ?? low
    }
  }
}

export interface Ends {
  /** The other side's host, and the port at which it is seen when it keeps to one. */
  target: { host: string; port: number }
  /** Our listening socket, where ports can be shared with it. */
  local?: { host: string; port: number }
}

/** What a plan fires, one after the other. */
export function* shotsOf(
  plan: Volleys,
  { target, local }: Ends,
  random: () => number
): Generator<Shot> {
  if (plan.kind === 'aim') for (;;) yield target
  const { host } = target
  for (const port of guessedPorts(plan.ports, random)) {
    yield plan.kind === 'guess' && local !== undefined ? { host, port, local } : { host, port }
  }
}

/** Whether others have to dial another port than relays see, as far as is known. */
export function changesPorts({ mapping, ports }: Pick<NatReport, 'mapping' | 'ports'>): boolean {
  const isDependent = mapping === 'address-dependent' || mapping === 'address-and-port-dependent'
  // One observation of another port than our own: whether it is the same for all nobody knows.
  return isDependent || (mapping === 'unknown' && ports === 'unknown')
}

/** Where ports may come to lie that are not those the relay sees; undefined when they are. */
function spaceOf(report: Ports): PortSpace | undefined {
  const { ports, seenPorts, step = 0 } = report
  const last = seenPorts.at(-1)
  if (!changesPorts(report) || last === undefined) return undefined
  if (ports === 'sequential') return sequence(last, step)
  if (ports !== 'block') return ANYWHERE
  const [low, high] = [Math.min(...seenPorts), Math.max(...seenPorts)]
  const margin = Math.ceil((high - low) * BLOCK_MARGIN)
  return bounded({ low: low - margin, high: high + margin, step: 1, order: 'shuffled' })
}

function sequence(last: number, step: number): PortSpace {
  const [near, far] = [last + step, last + step * SEQUENCE_AHEAD]
  const size = Math.abs(step)
  return step > 0
    ? bounded({ low: near, high: far, step: size, order: 'up' })
    : bounded({ low: far, high: near, step: size, order: 'down' })
}

function bounded(space: PortSpace): PortSpace {
  return { ...space, low: clampPort(space.low), high: clampPort(space.high) }
}

function clampPort(port: number): number {
  return Math.min(Math.max(port, LOWEST_PORT), HIGHEST_PORT)
}

interface Tries {
  mine: Volleys
  yours: Volleys
  /** How many pairs meet, on average, of so many sockets that are open at once. */
  hits: (mine: number, yours: number) => number
}

/** What both do when they have all the sockets that it takes. */
function tries(sides: {
  own: NatReport
  other: NatReport
  ours: PortSpace | undefined
  theirs: PortSpace | undefined
}): Tries {
  const { own, other, ours, theirs } = sides
  const pairs = sizeOf(ours) * sizeOf(theirs)
  const hits = (mine: number, yours: number): number => (mine * yours) / pairs
  if (theirs === undefined) return { mine: aim(ours), yours: guess(ours), hits }
  if (ours === undefined) return { mine: guess(theirs), yours: aim(theirs), hits }
  if (own.ports === 'sequential' && other.ports === 'sequential') {
    return {
      mine: { kind: 'scatter', ports: soon(other), ...MEETING },
      yours: { kind: 'scatter', ports: soon(own), ...MEETING },
      hits: (mine, yours) => (Math.min(mine, yours) > MEETING_AHEAD ? MIN_HITS : 0)
    }
  }
  return { mine: scatter(own, theirs), yours: scatter(other, ours), hits }
}

function aim(space: PortSpace | undefined): Volleys {
  return { kind: 'aim', ...(space === ANYWHERE ? RANDOM : NEAR).aim }
}

function guess(space: PortSpace | undefined): Volleys {
  const ports = space ?? ANYWHERE
  const { sockets, shots } = (ports === ANYWHERE ? RANDOM : NEAR).guess
  return { kind: 'guess', ports, sockets: Math.min(sockets, sizeOf(ports)), shots }
}

/** Who counts upwards must not leave the range in which the other side looks for it. */
function scatter(from: NatReport, at: PortSpace): Volleys {
  const sockets = mostSockets(from)
  return { kind: 'scatter', ports: at, sockets, shots: sockets }
}

/** The one port that a sequence comes to in a while. */
function soon({ seenPorts, step = 1 }: NatReport): PortSpace {
  const port = (seenPorts.at(-1) ?? 0) + step * MEETING_AHEAD
  return bounded({ low: port, high: port, step: 1, order: 'up' })
}

function sizeOf(space: PortSpace | undefined): number {
  return space === undefined ? 1 : Math.floor((space.high - space.low) / space.step) + 1
}

function swap(ports: number[], one: number, other: number): void {
  const kept = ports[one] ?? 0
  ports[one] = ports[other] ?? 0
  ports[other] = kept
}
