// One identity, one process: two nodes with the same key would each get half of what is sent to it.
// The system itself holds the lock (through SQLite, which locks files the same way everywhere), so a process
// that dies in any way gives it back, and neither containers nor reused process ids confuse it.
import { resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { UserError } from './errors.ts'

/** sqlite.org/rescode.html */
const SQLITE_BUSY = 5
const SQLITE_READONLY = 8
const SQLITE_CANTOPEN = 14
const SQLITE_NOTADB = 26

/**
 * Holds `FILE.lock` until disposed. Throws a UserError when another process holds it; undefined when no lock can be
 * kept beside the key, as with a key on a read-only file system.
 */
export function lockIdentity(file: string): Disposable | undefined {
  const lockFile = `${resolve(file)}.lock`
  let database: DatabaseSync | undefined
  try {
    database = new DatabaseSync(lockFile, { timeout: 0 })
    // Nothing is ever written, so nothing needs a journal that a killed process would leave behind.
    database.exec('PRAGMA journal_mode = OFF; BEGIN EXCLUSIVE')
  } catch (cause) {
    database?.close()
    const code = cause instanceof Error && 'errcode' in cause ? cause.errcode : undefined
    if (code === SQLITE_READONLY || code === SQLITE_CANTOPEN) return undefined
    throw code === SQLITE_BUSY ? inUse(file, cause) : foreign(lockFile, code, cause)
  }
  const held = database
  return {
    [Symbol.dispose]: () => {
      if (held.isOpen) held.close()
    }
  }
}

const inUse = (file: string, cause: unknown): UserError =>
  new UserError(
    'identity-in-use',
    `the key file ${file} is in use by another copy that is running: stop that one, or give this one its own with --identity FILE or PARLEY_HOME`,
    { cause }
  )

const foreign = (lockFile: string, code: unknown, cause: unknown): UserError =>
  new UserError(
    'identity-lock',
    `the lock file ${lockFile} ${code === SQLITE_NOTADB ? 'is not one of ours' : 'cannot be locked'}: move it away, or name another key file with --identity`,
    { cause }
  )
