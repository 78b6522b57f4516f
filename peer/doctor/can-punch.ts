// With whom a peer can be direct, by the kind of NAT on either side: what a punch with such a peer would decide. (pure)
import type { NatReport } from '../../shared/wire/nat-report.ts'
import { outsideHosts, type NatKind } from '../nat/nat-kind.ts'
import { planGuesses, type Hopeless } from '../traversal/guess-plan.ts'
import { ENOUGH_OPEN_FILES } from '../traversal/remedies.ts'

/** What there is on a side, as far as a punch cares. */
export type Side =
  /** Anybody gets in: a public host, a forwarded port, a full cone; or whoever is sent to, from any port: for a punch the same. */
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
  /** That one punch may open, by the limit of open files. */
  sockets: number
}

export type Chance = 'yes' | 'likely' | 'no' | 'unknown'

export interface Outlook {
  other: Side
  chance: Chance
  /** For a person; goes on from "with a peer …". */
  sentence: string
}

/** Undefined: nobody has told what kind of NAT it is. */
export function ownSide({
  nat,
  forwarded
}: Pick<OwnSituation, 'nat' | 'forwarded'>): Side | undefined {
  if (forwarded || nat.filtering === 'open') return 'open'
  // Where the port is kept, everybody knows it, whatever else the NAT does.
  if (nat.ports === 'preserved') return 'cone'
  if (nat.mapping === 'unknown') return undefined
  if (nat.mapping === 'none' || nat.mapping === 'endpoint-independent') return 'cone'
  return nat.ports === 'sequential' || nat.ports === 'block' ? 'sequential' : 'random'
}

/** One row for each kind of other side. */
export function outlooks(own: OwnSituation): Outlook[] {
  return SIDES.map((other) => ({ other, ...canPunch(own, other) }))
}

type Cell = Omit<Outlook, 'other'>

function canPunch(own: OwnSituation, other: Side): Cell {
  const side = ownSide(own)
  if (other === 'open') return { chance: 'yes', sentence: 'they can be dialled' }
  if (side === 'open') return { chance: 'yes', sentence: 'you can be dialled' }
  if (!own.portReuse) return { chance: 'no', sentence: 'this system cannot punch' }
  if (side === undefined)
    return { chance: 'unknown', sentence: 'nobody has seen what your NAT does' }
  const ours = reportOf(own)
  const plan = planGuesses(ours, SAMPLES[other])
  if (plan.kind === 'plain') return { chance: 'yes', sentence: 'both punch at once' }
  if (plan.kind === 'hopeless') return { chance: 'no', sentence: whyHopeless(plan, ours) }
  const isByChance = side === 'random' || other === 'random'
  return {
    chance: 'likely',
    sentence: isByChance ? 'many ports are tried at once' : 'the next port is guessed'
  }
}

function whyHopeless(plan: Hopeless, { hosts, sockets }: NatReport): string {
  switch (plan.why) {
    case 'both-change-ports':
      return 'neither knows the other’s port'
    case 'pool':
      return `your NAT uses ${hosts} public addresses in turn`
    case 'few-sockets':
      return `guessing ports takes ${plan.mine} sockets, and your limit of open files leaves ${sockets} (ulimit -n ${ENOUGH_OPEN_FILES})`
    default:
      return plan satisfies never
  }
}

/** As a punch would tell it. */
function reportOf({ nat, sockets }: OwnSituation): NatReport {
  const { mapping, ports, step, range, filtering, seen } = nat
  return {
    mapping,
    ports,
    ...(step === undefined ? {} : { step }),
    filtering,
    seenPorts: seen
      .map(({ address }) => address.port)
      .filter((port) => range === undefined || (port >= range.low && port <= range.high)),
    hosts: outsideHosts(nat).length,
    sockets,
    proofs: []
  }
}

/** Others with sockets in plenty and one public address each. */
const CONE: NatReport = {
  mapping: 'endpoint-independent',
  ports: 'preserved',
  filtering: 'drop',
  seenPorts: [4_001],
  hosts: 1,
  sockets: 4_096,
  proofs: []
}
const RANDOM: NatReport = {
  ...CONE,
  mapping: 'address-and-port-dependent',
  ports: 'random',
  seenPorts: [40_001, 50_417, 1_952]
}
const SAMPLES: Record<Exclude<Side, 'open'>, NatReport> = {
  cone: CONE,
  sequential: { ...RANDOM, ports: 'sequential', step: 1, seenPorts: [40_001, 40_002, 40_003] },
  random: RANDOM
}

/** Whether direct paths are the rule: with most homes at least. */
export function isDirectWithMost(own: readonly Outlook[]): boolean {
  const cone = own.find(({ other }) => other === 'cone')
  return cone?.chance === 'yes' || cone?.chance === 'likely'
}
