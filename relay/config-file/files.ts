// The configuration file on the disk: read whole, and written only where there is none.
import { constants } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { UsageError, UserError } from '../../shared/errors.ts'
import { writeNewFile } from '../../shared/write-new-file.ts'

/** The commented file of `--init` has 10 kB; allow lists of thousands of peers fit as well. */
const MAX_FILE_BYTES = 1024 * 1024

/** Undefined when there is no such file. Throws a UsageError that names it. */
export async function readConfigFile(file: string): Promise<string | undefined> {
  let handle: FileHandle
  try {
    // Without O_NONBLOCK opening a named pipe would wait for its writer forever.
    handle = await open(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') return undefined
    throw unreadable(file, cause)
  }
  try {
    const stats = await handle.stat()
    if (!stats.isFile()) throw wrong(file, 'is not a regular file: name another one')
    if (stats.size > MAX_FILE_BYTES) {
      throw wrong(file, `has ${stats.size} bytes, more than ${MAX_FILE_BYTES}: name another one`)
    }
    const buffer = new Uint8Array(MAX_FILE_BYTES)
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, 0)
    return new TextDecoder('utf-8', { fatal: true }).decode(buffer.subarray(0, bytesRead))
  } catch (cause) {
    if (cause instanceof UsageError) throw cause
    if (cause instanceof TypeError) throw wrong(file, 'is not text in UTF-8', cause)
    throw unreadable(file, cause)
  } finally {
    await handle.close()
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

const unreadable = (file: string, cause: unknown): UsageError =>
  wrong(file, `cannot be read: ${messageOf(cause)}`, cause)

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : ''

const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error)
