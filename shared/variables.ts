// The environment variables of both programs, and what is said of others that look like theirs. (pure)
import { didYouMean } from './did-you-mean.ts'

const PREFIX = 'PARLEY_'

/** Of either program: who runs both sets them for both. */
const KNOWN = [
  'ALLOW',
  'ALLOW_ROOM',
  'ANNOUNCE',
  'CONFIG',
  'DENY',
  'DRAIN',
  'HOME',
  'IDENTITY',
  'JSON',
  'LIMIT',
  'LISTEN',
  'NAME',
  'PORT_MAPPING',
  'REFLECT_PORT',
  'RELAY',
  'RELAYED_ONLY',
  'REPORT_PUNCHES',
  'ROOM',
  'ROOMS',
  'SECRET',
  'SECRET_FILE',
  'STATUS',
  'VERBOSE'
]

/** What the tests and the lab tell themselves. */
const OF_TESTS = /^(?:LAB|TEST)_/

export const VARIABLES: readonly string[] = KNOWN.map((name) => PREFIX + name)

/** A sentence for each variable with our prefix and a value that nothing reads. They may be another program's. */
export function unknownVariables(env: Record<string, string | undefined>): string[] {
  return Object.entries(env)
    .filter(([variable, value]) => variable.startsWith(PREFIX) && value?.trim())
    .map(([variable]) => variable.slice(PREFIX.length))
    .filter((name) => !KNOWN.includes(name) && !OF_TESTS.test(name))
    .map((name) => {
      const guess = didYouMean(name, KNOWN)
      const advice = guess === undefined ? '' : `: did you mean ${PREFIX}${guess}?`
      return `the environment variable ${PREFIX}${name} is not known and does nothing${advice}`
    })
}
