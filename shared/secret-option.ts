// Where the secrets that a peer shares with a relay come from: an option that names their file, or a variable that
// holds them. No option holds one: arguments can be read by every user of the machine. (pure)
import type { Origin, TextOption } from './config.ts'
import { UsageError } from './errors.ts'

/** Secrets as in the file: one a line. */
export const SECRET_VARIABLE = 'PARLEY_SECRET'

const NAME = 'secret-file'

/** For the option of that name. */
export const SECRET_FILE_OPTION = {
  type: 'string',
  placeholder: 'FILE',
  env: 'PARLEY_SECRET_FILE'
} as const satisfies Omit<TextOption, 'help'>

/** Of a resolved command what is about that option. */
interface WithSecretFile {
  values: { [NAME]: string | undefined }
  givenBy: Record<typeof NAME, string>
  from: Record<typeof NAME, Origin>
}

/**
 * Where the variable has a value, that is the origin, unless an option names a file: as with all variables.
 * Throws a UsageError when it is one of two.
 */
export function withSecretVariable<Resolved extends WithSecretFile>(
  resolved: Resolved,
  env: Record<string, string | undefined>
): Resolved {
  const { values, givenBy, from } = resolved
  const isSet = (env[SECRET_VARIABLE]?.trim() ?? '') !== ''
  if (!isSet || from[NAME] === 'option') return resolved
  if (from[NAME] === 'environment') {
    const both = `${SECRET_VARIABLE} and ${givenBy[NAME]} are both set: unset one of them`
    throw new UsageError('secret', both)
  }
  return {
    ...resolved,
    values: { ...values, [NAME]: undefined },
    givenBy: { ...givenBy, [NAME]: SECRET_VARIABLE },
    from: { ...from, [NAME]: 'environment' }
  }
}
