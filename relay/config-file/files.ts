// The configuration file on the disk: read whole, and written only where there is none.
import { UsageError, UserError } from '../../shared/errors.ts'
import { readBounded } from '../../shared/read-bounded.ts'
import { writeNewFile } from '../../shared/write-new-file.ts'

/** The commented file of `--init` has 10 kB; allow lists of thousands of peers fit as well. */
const MAX_FILE_BYTES = 1024 * 1024

/** Undefined when there is no such file. Throws a UsageError that names it. */
export async function readConfigFile(file: string): Promise<string | undefined> {
  try {
    const bytes = await readBounded(file, MAX_FILE_BYTES, (stats) => {
      if (!stats.isFile()) throw wrong(file, 'is not a regular file: name another one')
      if (stats.size <= MAX_FILE_BYTES) return
      throw wrong(file, `has ${stats.size} bytes, more than ${MAX_FILE_BYTES}: name another one`)
    })
    return bytes && new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    if (cause instanceof UsageError) throw cause
    if (cause instanceof TypeError) throw wrong(file, 'is not text in UTF-8', cause)
    throw wrong(file, `cannot be read: ${messageOf(cause)}`, cause)
  }
}

export const noSuchFile = (file: string): UsageError =>
  wrong(file, 'does not exist: write it with --init, or name another one')

/** Throws a UserError when there is one, or it cannot be written. */
export async function createConfigFile(file: string, text: string): Promise<void> {
  let created: boolean
  try {
    created = await writeNewFile(file, text)
  } catch (cause) {
    const why = `cannot write the configuration file ${file}: ${messageOf(cause)}`
    throw new UserError('config-not-written', why, { cause })
  }
  if (created) return
  throw new UserError(
    'config-exists',
    `the configuration file ${file} exists and stays as it is: move it away, or name another one with --config`
  )
}

const wrong = (file: string, why: string, cause?: unknown): UsageError =>
  new UsageError('config-file', `the configuration file ${file} ${why}`, { cause })

const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error)
