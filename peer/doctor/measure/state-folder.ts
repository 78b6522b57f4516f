// Whether keys and messages can be kept: tried, and nothing left behind.
import { constants } from 'node:fs'
import { access, mkdtemp, rmdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/** Undefined, or the system's code for why not. A folder that does not exist yet is judged by where it would be made. */
export async function whyNotWritable(folder: string): Promise<string | undefined> {
  try {
    await rmdir(await mkdtemp(join(folder, '.doctor-')))
    return undefined
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') return codeOf(error)
  }
  return whyNotMade(dirname(folder))
}

async function whyNotMade(folder: string): Promise<string | undefined> {
  try {
    await access(folder, constants.W_OK | constants.X_OK)
    return undefined
  } catch (error) {
    const isTop = dirname(folder) === folder
    return codeOf(error) === 'ENOENT' && !isTop ? whyNotMade(dirname(folder)) : codeOf(error)
  }
}

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : String(error)
