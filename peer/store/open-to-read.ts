// Opens the database file for somebody who only reads: a chat may be writing meanwhile, and the medium be read-only.
import { existsSync, statSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { pathToFileURL } from 'node:url'
import { BUSY_TIMEOUT_MS, checkVersion, sizeOf } from './open-database.ts'
import { readingError, resultCode, SQLITE } from './store-errors.ts'

/** To read what is there; undefined when nothing was ever kept. Throws a UserError. */
export function openToRead(file: string): DatabaseSync | undefined {
  if (!existsSync(file)) return undefined
  try {
    return openFilled(file, file)
  } catch (error) {
    // SQLite wants to write beside a log, even one that it only reads and that is not there.
    const folder = resultCode(error) === SQLITE.READONLY || resultCode(error) === SQLITE.CANTOPEN
    if (!folder || sizeOf(`${file}-wal`) > 0) throw readingError(file, error)
    return openUnchanging(file)
  }
}

/** On a medium that nobody writes to. */
function openUnchanging(file: string): DatabaseSync | undefined {
  const url = pathToFileURL(file)
  url.searchParams.set('immutable', '1')
  try {
    return openFilled(file, url)
  } catch (error) {
    throw readingError(file, error)
  }
}

/** Undefined when there are no tables in it. */
function openFilled(file: string, at: string | URL): DatabaseSync | undefined {
  if (statSync(file).isDirectory()) throw new Error('it is a folder')
  const database = new DatabaseSync(at, { readOnly: true, timeout: BUSY_TIMEOUT_MS })
  try {
    if (checkVersion(file, database) > 0) return database
  } catch (error) {
    database.close()
    throw error
  }
  database.close()
  return undefined
}
