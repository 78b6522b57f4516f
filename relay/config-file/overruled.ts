// What stands in the configuration file and is not in force, because an option or a variable says otherwise. (pure)
import type { OptionSpecs, Resolved } from '../../shared/config.ts'
import type { GivenLimit } from '../given-limits.ts'
import type { LimitName } from '../limits.ts'
import { LIMITS_KEY, type ParsedFile } from './parse.ts'

export interface Overruled {
  /** As in `--check-config`: `drain`, `limits.circuits`. */
  key: string
  /** The option or the variable. */
  by: string
}

/** `limits`: those in force that are given anywhere. */
export function overruledIn(
  parsed: Pick<ParsedFile, 'options' | 'limits'>,
  { values, givenBy }: Pick<Resolved<OptionSpecs>, 'values' | 'givenBy'>,
  limits: ReadonlyMap<LimitName, GivenLimit>
): Overruled[] {
  const found: Overruled[] = []
  for (const [key, { value }] of parsed.options) {
    if (JSON.stringify(values[key]) === JSON.stringify(value)) continue
    found.push({ key, by: givenBy[key] ?? `--${key}` })
  }
  for (const [name, { value }] of parsed.limits) {
    const given = limits.get(name)
    if (given === undefined || given.value === value) continue
    found.push({ key: `${LIMITS_KEY}.${name}`, by: given.by })
  }
  return found
}
