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

/** Kinds that give each destination another port. */
const CHANGING: ReadonlySet<NatKind> = new Set([
  'sequential',
  'block',
  'symmetric',
  'symmetric-rst'
])

/** Kinds that let in any port of a host that they have sent to, or of any host. */
const OPEN: ReadonlySet<NatKind> = new Set(['none', 'full-cone', 'address-restricted'])

/** A packet or two may get lost in all rounds of one pair in a hundred, and in four where every tenth is. */
const DIRECT = 0.99
const DIRECT_WITH_LOSS = 0.95

const BOTH_CHANGE =
  /^your NAT and \w+'s NAT both change ports \(yours: .+; theirs: .+\), so neither side knows where to dial: a port forward/
const OURS_CHANGES =
  /^your NAT changes ports \(port \d+ became \d+ .+\) and opens another one for \w+, whose NAT lets in only what it was asked for: a port forward/
const THEIRS_CHANGES =
  /^\w+'s NAT changes ports \(port \d+ became \d+ .+\) and opens another one for you, which your NAT does not let in: a port forward/
/** Of pairs that should be direct. */
const NO_ANSWER =
  /^(none of \w+'s (\d+ )?addresses|\w+'s address does not answer).*: .*a port forward/
/** Where packets get lost, the exchange over the relay may take too long. */
const NO_EXCHANGE =
  /^agreeing on a direct connection with \w+ over the relay failed \(failed to \w+/

export function expectedOf(
  kinds: readonly [NatKind, NatKind] | undefined,
  { lossPercent }: Pick<Conditions, 'lossPercent'>
): Expected {
  const [a = 'none', b = 'none'] = kinds ?? []
  const isLossy = lossPercent > 0
  const why = sentences(a, b)
  const share = isLossy ? DIRECT_WITH_LOSS : DIRECT
  const or = isLossy ? [NO_EXCHANGE] : []
  return {
    direct: why === undefined ? share : 0,
    relayed: { a: [why?.a ?? NO_ANSWER, ...or], b: [why?.b ?? NO_ANSWER, ...or] }
  }
}

/** Undefined for pairs that physics lets through. */
function sentences(a: NatKind, b: NatKind): Record<Side, RegExp> | undefined {
  if (CHANGING.has(a) && CHANGING.has(b)) return { a: BOTH_CHANGE, b: BOTH_CHANGE }
  if (CHANGING.has(a) && !OPEN.has(b)) return { a: OURS_CHANGES, b: THEIRS_CHANGES }
  if (CHANGING.has(b) && !OPEN.has(a)) return { a: THEIRS_CHANGES, b: OURS_CHANGES }
  return undefined
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
