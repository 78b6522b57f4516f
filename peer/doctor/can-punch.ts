// With whom a peer can be direct, by the kind of NAT on either side. (pure)
import type { NatKind } from '../nat/nat-kind.ts'

/** What there is on a side, as far as a punch cares. */
export type Side =
  /** Anybody gets in: a public host, a forwarded port, a full cone. */
  | 'open'
  /** One address for all, which lets in whom it has sent to: most homes, and firewalls before public hosts. */
  | 'cone'
  /** Another port for each destination, each near the one before, or of one block. */
  | 'sequential'
  /** Another port for each destination, without a pattern. */
  | 'random'

export const SIDES: readonly Side[] = ['open', 'cone', 'sequential', 'random']

export interface OwnSituation {
  nat: NatKind
  /** A router forwards a port to us. */
  forwarded: boolean
  /** This platform lets one port listen and dial. */
  portReuse: boolean
}

export type Chance = 'yes' | 'likely' | 'no' | 'unknown'

export interface Outlook {
  other: Side
  chance: Chance
  /** For a person; goes on from "with a peer …". */
  sentence: string
}

/** Undefined: nobody has told what kind of NAT it is. */
export function ownSide({ nat, forwarded }: Omit<OwnSituation, 'portReuse'>): Side | undefined {
  if (forwarded || nat.filtering === 'open') return 'open'
  // Where the port is kept, everybody knows it, whatever else the NAT does.
  if (nat.ports === 'preserved') return 'cone'
  if (nat.mapping === 'unknown') return undefined
  if (nat.mapping === 'none' || nat.mapping === 'endpoint-independent') return 'cone'
  return nat.ports === 'sequential' || nat.ports === 'block' ? 'sequential' : 'random'
}

/** One row for each kind of other side. */
export function outlooks(own: OwnSituation): Outlook[] {
  const side = ownSide(own)
  return SIDES.map((other) => ({ other, ...canPunch(side, other, own.portReuse) }))
}

export function canPunch(
  own: Side | undefined,
  other: Side,
  portReuse: boolean
): Omit<Outlook, 'other'> {
  if (other === 'open') return { chance: 'yes', sentence: 'they can be dialled' }
  if (own === 'open') return { chance: 'yes', sentence: 'you can be dialled' }
  if (!portReuse) return { chance: 'no', sentence: 'this system cannot punch' }
  if (own === undefined)
    return { chance: 'unknown', sentence: 'nobody has seen what your NAT does' }
  return BOTH_CLOSED[own][other]
}

type Cell = Omit<Outlook, 'other'>

const PUNCHED: Cell = { chance: 'yes', sentence: 'both punch at once' }
const PREDICTED: Cell = { chance: 'likely', sentence: 'the next port is guessed' }
const BIRTHDAY: Cell = {
  chance: 'likely',
  sentence: 'many ports are tried at once'
}
const NEVER: Cell = {
  chance: 'no',
  sentence: 'neither knows the other’s port'
}

const BOTH_CLOSED: Record<Exclude<Side, 'open'>, Record<Exclude<Side, 'open'>, Cell>> = {
  cone: { cone: PUNCHED, sequential: PREDICTED, random: BIRTHDAY },
  sequential: { cone: PREDICTED, sequential: PREDICTED, random: NEVER },
  random: { cone: BIRTHDAY, sequential: NEVER, random: NEVER }
}

/** Whether direct paths are the rule: with most homes at least. */
export function isDirectWithMost(own: readonly Outlook[]): boolean {
  const cone = own.find(({ other }) => other === 'cone')
  return cone?.chance === 'yes' || cone?.chance === 'likely'
}
