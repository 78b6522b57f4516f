// Limits that are given by option, by variable or in the configuration file; each place adds to the weaker ones. (pure)
import { fromEnvironment, type ListOption, type Origin, type Resolved } from '../shared/config.ts'
import { didYouMean } from '../shared/did-you-mean.ts'
import { UsageError } from '../shared/errors.ts'
import { LIMIT_NAMES, LIMITS, type LimitName } from './limits.ts'

/** For the option of the name `limit`. */
export const LIMIT_OPTION = {
  type: 'string',
  multiple: true,
  placeholder: 'NAME=VALUE',
  env: 'PARLEY_LIMIT',
  inFile: false,
  help: 'a limit, in the unit and range that --init writes beside it; --check-config lists them all'
} as const satisfies ListOption

/** `by`: key, file and line. */
export type FileLimits = ReadonlyMap<LimitName, { value: number; by: string }>

export interface GivenLimit {
  value: number
  /** For complaints: `--limit`, the variable, or key, file and line. */
  by: string
  origin: Origin
}

/** Throws a UsageError for what is no limit, out of its range, or given twice in one place. */
export function givenLimits(
  { values, givenBy, from }: Pick<Resolved<{ limit: ListOption }>, 'values' | 'givenBy' | 'from'>,
  env: Record<string, string | undefined>,
  inFile: FileLimits = new Map()
): Map<LimitName, GivenLimit> {
  const variable = fromEnvironment(env, LIMIT_OPTION)
  const texts = Array.isArray(variable?.value) ? variable.value : []
  const onLine = from.limit === 'option' ? values.limit : []
  return new Map([
    ...[...inFile].map(([name, limit]) => [name, { ...limit, origin: 'file' }] as const),
    ...parseLimits(texts, LIMIT_OPTION.env, 'environment'),
    ...parseLimits(onLine, givenBy.limit, 'option')
  ])
}

function parseLimits(
  texts: readonly string[],
  by: string,
  origin: Origin
): Map<LimitName, GivenLimit> {
  const given = new Map<LimitName, GivenLimit>()
  for (const text of texts) {
    const { name, value } = parseLimit(text, by)
    if (given.has(name)) throw wrong(name, by, 'stands there twice: remove one of them')
    given.set(name, { value, by, origin })
  }
  return given
}

function parseLimit(text: string, by: string): { name: LimitName; value: number } {
  const [, key = '', digits = ''] = /^([^=]*?) *= *(.*)$/.exec(text) ?? []
  if (key === '') throw wrong(text, by, 'is not NAME=VALUE, for example circuits=512')
  const name = LIMIT_NAMES.find((each) => each === key)
  if (name === undefined) {
    const guess = didYouMean(key, LIMIT_NAMES)
    const advice = guess === undefined ? 'see --check-config' : `did you mean "${guess}"?`
    throw wrong(key, by, `is not known: ${advice}`)
  }
  const { min, max } = LIMITS[name]
  const value = /^\d+$/.test(digits) ? Number(digits) : Number.NaN
  if (value >= min && value <= max) return { name, value }
  const range = `has to be a whole number from ${min} to ${max}`
  throw wrong(name, by, `${range}, and is "${digits.slice(0, MAX_SHOWN_CHARS)}"`)
}

const MAX_SHOWN_CHARS = 40

const wrong = (name: string, by: string, mistake: string): UsageError =>
  new UsageError('bad-limit', `the limit "${name.slice(0, MAX_SHOWN_CHARS)}" of ${by} ${mistake}`)
