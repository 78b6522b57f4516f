// What follows from all that was found: with whom one can be direct, and what to change first. (pure)
import { isDirectWithMost, type Outlook } from './can-punch.ts'
import { EFFECTS, type Checked, type Remedy, type Verdict } from './finding.ts'

export interface Diagnosis {
  /** `fail`: something does not work; `warn`: not direct with most, or nobody can tell; else `ok`. */
  verdict: Exclude<Verdict, 'skipped'>
  sentence: string
  direct: Outlook[]
  /** The greatest effect first. */
  changes: Remedy[]
}

export function diagnose(checked: readonly Checked[], direct: Outlook[]): Diagnosis {
  const failed = checked.filter(({ verdict }) => verdict === 'fail')
  const changes = inOrderOfEffect(checked.flatMap(({ remedies = [] }) => remedies))
  const rest = { direct, changes }
  if (failed.length > 0) {
    const names = failed.map(({ name }) => name).join(', ')
    return { verdict: 'fail', sentence: `Something stands in the way: ${names}.`, ...rest }
  }
  if (isDirectWithMost(direct)) {
    const sentence = 'Direct connections with most peers are possible from here.'
    return { verdict: 'ok', sentence, ...rest }
  }
  const isKnown = direct.some(({ other, chance }) => other === 'cone' && chance === 'no')
  const sentence = isKnown
    ? 'Most talk will stay on the relay.'
    : 'Whether connections will be direct cannot be told.'
  return { verdict: 'warn', sentence, ...rest }
}

/** Each once. */
function inOrderOfEffect(remedies: readonly Remedy[]): Remedy[] {
  const once = new Map(remedies.map((remedy) => [remedy.text, remedy]))
  return [...once.values()].toSorted(
    (a, b) => EFFECTS.indexOf(a.effect) - EFFECTS.indexOf(b.effect)
  )
}
