// Opens the database file: makes it, brings it up to date, and sets a damaged one aside.
import {
  chmodSync,
  closeSync,
  constants,
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync
} from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { UserError } from '../../shared/errors.ts'
import { isLogDamaged } from './log-damage.ts'
import { APPLICATION_ID, MIGRATIONS } from './schema.ts'
import { resultCode, SQLITE, storeError } from './store-errors.ts'

const PRIVATE_FILE = 0o600
const PRIVATE_FOLDER = 0o700

/** `parley history` reads for a moment while a chat writes. */
export const BUSY_TIMEOUT_MS = 2_000

/** What SQLite may leave of its log after having taken it over; it grows while a batch is larger. */
const MAX_LOG_BYTES = 8 * 1024 * 1024

export interface OpenedDatabase {
  database: DatabaseSync
  /** Where a damaged database was set aside. */
  setAside?: string
  /** Where it was copied to, with its log, because the log is damaged: what could be read of both is in use. */
  copied?: string
}

/** Throws a UserError for whatever keeps messages from being kept there. A damaged file is kept under another name. */
export function openDatabase(file: string, nowMs: number): OpenedDatabase {
  try {
    return openOrSetAside(file, nowMs)
  } catch (error) {
    throw storeError(file, error)
  }
}

function openOrSetAside(file: string, nowMs: number): OpenedDatabase {
  if (sizeOf(file) === 0 && sizeOf(`${file}-wal`) > 0) {
    // SQLite would take the log for that of another database, and remove it.
    const setAside = moveAside(file, `${file}-wal`, nowMs)
    return { database: openSound(file), setAside }
  }
  // Before SQLite looks at it: what it does not understand of its log it overwrites.
  const copied = isDamagedLog(file) ? copyAside(file, nowMs) : undefined
  const log = holdLog(file)
  try {
    return { database: openSound(file), ...(copied === undefined ? {} : { copied }) }
  } catch (error) {
    if (!isDamage(error)) throw error
    const setAside = moveAside(file, log, nowMs)
    return { database: openSound(file), setAside }
  } finally {
    rmSync(log, { force: true })
  }
}

function openSound(file: string): DatabaseSync {
  mkdirSync(dirname(file), { recursive: true, mode: PRIVATE_FOLDER })
  // SQLite gives its log the mode of the database, and the database that of the umask.
  closeSync(openSync(file, 'a', PRIVATE_FILE))
  chmodSync(file, PRIVATE_FILE)
  const database = new DatabaseSync(file, { timeout: BUSY_TIMEOUT_MS })
  try {
    // NORMAL: a commit outlives the process at once; `DiskSync` makes it outlive a power failure, off this thread.
    database.exec(
      `PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA journal_size_limit = ${MAX_LOG_BYTES}`
    )
    migrate(file, database)
    checkPages(database)
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

function migrate(file: string, database: DatabaseSync): void {
  const version = checkVersion(file, database)
  for (const [index, statements] of MIGRATIONS.entries()) {
    if (index < version) continue
    database.exec(
      `BEGIN IMMEDIATE; ${statements}; PRAGMA user_version = ${index + 1}; PRAGMA application_id = ${APPLICATION_ID}; COMMIT`
    )
  }
}

/** The schema's version; 0 for a database without tables. Throws a UserError when it is not for us. */
export function checkVersion(file: string, database: DatabaseSync): number {
  const version = numberOf(database, 'PRAGMA user_version')
  const tables = numberOf(database, 'SELECT count(*) FROM sqlite_schema')
  if (tables > 0 && numberOf(database, 'PRAGMA application_id') !== APPLICATION_ID) {
    throw new UserError(
      'store-foreign',
      `the database ${file} belongs to another program: move it away, or name another key file with --identity`
    )
  }
  if (version > MIGRATIONS.length) {
    throw new UserError(
      'store-newer',
      `the database ${file} was written by a newer version of parley: use that version, or move the file away`
    )
  }
  return version
}

class DamagedError extends Error {
  override name = 'DamagedError'
}

/** Found before anything is built on it: SQLite itself looks only at what it reads. */
function checkPages(database: DatabaseSync): void {
  const answer = database.prepare('PRAGMA quick_check(1)').get()?.['quick_check']
  if (answer !== 'ok') throw new DamagedError(String(answer))
}

function isDamage(error: unknown): boolean {
  const code = resultCode(error)
  return error instanceof DamagedError || code === SQLITE.CORRUPT || code === SQLITE.NOTADB
}

/** A second name for the log that a killed process has left: SQLite removes its own, also when it cannot read it. */
function holdLog(file: string): string {
  const held = `${file}-wal.held`
  rmSync(held, { force: true })
  try {
    linkSync(`${file}-wal`, held)
  } catch {
    // There is none, or the file system has no links: then what SQLite has left is all there is.
  }
  return held
}

const isDamagedLog = (file: string): boolean =>
  sizeOf(`${file}-wal`) > 0 && isLogDamaged(readFileSync(`${file}-wal`))

/** 0 when there is none. */
export const sizeOf = (file: string): number => statSync(file, { throwIfNoEntry: false })?.size ?? 0

/** Under names that SQLite still knows to belong together. */
function copyAside(file: string, nowMs: number): string {
  const aside = asideName(file, nowMs)
  for (const suffix of ['', '-wal'])
    copyFileSync(file + suffix, aside + suffix, constants.COPYFILE_FICLONE)
  return aside
}

const asideName = (file: string, nowMs: number): string =>
  `${file}.corrupt-${new Date(nowMs).toISOString().replaceAll(/[-:.]/g, '')}`

/** With its log, under names that SQLite still knows to belong together. */
function moveAside(file: string, log: string, nowMs: number): string {
  const aside = asideName(file, nowMs)
  if (existsSync(`${file}-wal`)) renameSync(`${file}-wal`, `${aside}-wal`)
  else if (existsSync(log)) renameSync(log, `${aside}-wal`)
  rmSync(`${file}-shm`, { force: true })
  if (existsSync(file)) renameSync(file, aside)
  return aside
}

function numberOf(database: DatabaseSync, sql: string): number {
  const [value] = Object.values(database.prepare(sql).get() ?? {})
  return typeof value === 'number' ? value : 0
}
