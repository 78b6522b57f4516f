// What must become of each pair: how many of its runs direct, and what both sides are told about those that are not.
// (pure)

import type { NatKind } from '../nat.ts'
import type { CellRecord, Conditions } from './record.ts'
import { SIDES, type Run, type Side } from './run.ts'
import { percent, tallyOf } from './tally.ts'

export interface Expected {
  /** Least share of direct runs, from 0 to 1. */
  direct: number
  /** One of these each side is told when it stays relayed, whatever the ports and addresses. */
  relayed: Record<Side, RegExp[]>
}

/** Kinds that give each destination another port, and what is told of them. */
const CHANGING: Partial<Record<NatKind, string>> = {
  sequential: 'gives every destination the next port',
  block: 'gives every destination another port of a block',
  symmetric: 'gives every destination another port',
  'symmetric-rst': 'gives every destination another port'
}

/** Kinds whose next port may be any. */
const RANDOM: ReadonlySet<NatKind> = new Set(['symmetric', 'symmetric-rst'])

/** Kinds that let in any port of a host that they have sent to, or of any host. */
const OPEN: ReadonlySet<NatKind> = new Set(['none', 'full-cone', 'address-restricted'])

/** A packet or two may get lost in all rounds of one pair in a hundred, and in four where every tenth is. */
const DIRECT = 0.99
const DIRECT_WITH_LOSS = 0.95

/** Guesses among all ports, or at both sides, meet by chance. */
const DIRECT_BY_CHANCE = 0.95

/** Of all runs that can be direct together, at the first attempt: without loss and skew, and with either. */
const AT_ONCE = 0.99
const AT_ONCE_IN_TROUBLE = 0.95

/** Of fewer, a single one that goes wrong says nothing about such shares. */
const MIN_RUNS_FOR_SHARES = 100

/** Of pairs whose ports need not be guessed. */
const NO_ANSWER =
  /^(none of \w+'s (\d+ )?addresses|\w+'s (public )?address .*does not answer|\d+ of \w+'s public addresses do not answer).*: .*a port forward/

/** Where packets get lost, the exchange over the relay may take too long. */
const NO_EXCHANGE =
  /^agreeing on a direct connection with \w+ over the relay failed \(failed to \w+/

export function expectedOf(
  kinds: readonly [NatKind, NatKind] | undefined,
  { lossPercent }: Pick<Conditions, 'lossPercent'>
): Expected {
  const [a, b] = kinds ?? (['none', 'none'] as const)
  const isLossy = lossPercent > 0
  const or = isLossy ? [NO_EXCHANGE] : []
  return {
    direct: Math.min(share(a, b), isLossy ? DIRECT_WITH_LOSS : DIRECT),
    relayed: { a: [whyRelayed(a, b), ...or], b: [whyRelayed(b, a), ...or] }
  }
}

function share(a: NatKind, b: NatKind): number {
  if (isHopeless(a, b)) return 0
  const kinds = [a, b]
  const areBothChanging = kinds.every((kind) => CHANGING[kind] !== undefined)
  const isByChance = areBothChanging || kinds.some((kind) => RANDOM.has(kind))
  return isByChance && !kinds.some((kind) => OPEN.has(kind)) ? DIRECT_BY_CHANCE : DIRECT
}

/** Neither side can know where the other one will be. */
function isHopeless(a: NatKind, b: NatKind): boolean {
  const areBothChanging = CHANGING[a] !== undefined && CHANGING[b] !== undefined
  return areBothChanging && (RANDOM.has(a) || RANDOM.has(b))
}

const FIREWALL = 'no NAT but a firewall that lets in only whom it has sent to'

function whyRelayed(own: NatKind, other: NatKind): RegExp {
  const areNone = CHANGING[own] === undefined && CHANGING[other] === undefined
  if (areNone || OPEN.has(own) || OPEN.has(other)) return NO_ANSWER
  const cause = isHopeless(own, other)
    ? 'neither side can know where to dial'
    : String.raw`\d+ tries at guessed ports met nothing`
  const ours = own === 'firewall' ? `you have ${FIREWALL}` : `your NAT ${doing(own)}`
  const theirs =
    other === 'firewall' ? String.raw`\w+ has ${FIREWALL}` : String.raw`\w+'s NAT ${doing(other)}`
  const nats = String.raw`${ours} \(.+ seen\), ${theirs} \(.+ seen\)`
  return new RegExp(`^${nats}: ${cause}; a port forward`)
}

function doing(kind: NatKind): string {
  return CHANGING[kind] ?? 'keeps to one port and lets in only whom it has sent to'
}

/** What is not as it must be, a sentence each; nothing for a cell that was not run. */
export function complaints(
  { kinds, runs }: Pick<CellRecord, 'kinds' | 'runs'>,
  conditions: Pick<Conditions, 'lossPercent'>
): string[] {
  const expected = expectedOf(kinds, conditions)
  const { direct, failure } = tallyOf(runs)
  const isEnough = direct >= expected.direct * runs.length
  const shares = `${percent(direct, runs.length)} direct, where ${100 * expected.direct} % must be`
  return [
    ...(failure === undefined ? [] : [failure]),
    ...(isEnough ? [] : [shares]),
    ...new Set(runs.flatMap((run) => wrongReasons(run, expected)))
  ]
}

/** Undefined when enough of all runs were direct at once, or too few were made to tell. */
export function atOnceComplaint(
  cells: ReadonlyArray<Pick<CellRecord, 'kinds' | 'runs'>>,
  { lossPercent, delaysMs }: Conditions
): string | undefined {
  const runs = cells
    .filter(({ kinds }) => kinds === undefined || !isHopeless(...kinds))
    .flatMap((cell) => cell.runs)
  const { first } = tallyOf(runs)
  const isEasy = lossPercent === 0 && delaysMs.a === delaysMs.b
  const expected = isEasy ? AT_ONCE : AT_ONCE_IN_TROUBLE
  if (runs.length < MIN_RUNS_FOR_SHARES || first >= expected * runs.length) return undefined
  return `${percent(first, runs.length)} of all runs direct at the first attempt, where ${100 * expected} % must be`
}

/** Each side is told why it stays relayed, or it would be left to guess. */
function wrongReasons({ outcome, reasons }: Run, { relayed }: Expected): string[] {
  if (outcome !== 'relayed') return []
  return SIDES.flatMap((side) => {
    const told = reasons?.[side]
    if (told !== undefined && relayed[side].some((sentence) => sentence.test(told))) return []
    return [
      `relayed, and ${side.toUpperCase()} is told ${told === undefined ? 'nothing' : `"${told}"`}`
    ]
  })
}
