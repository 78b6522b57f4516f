// What to say when SQLite or the system refuses: one sentence that names the file and what to do. (pure)
import { UserError } from '../../shared/errors.ts'

/** sqlite.org/rescode.html; the lower eight bits of an extended code are its primary one. */
export const SQLITE = {
  PERM: 3,
  BUSY: 5,
  LOCKED: 6,
  READONLY: 8,
  IOERR: 10,
  CORRUPT: 11,
  FULL: 13,
  CANTOPEN: 14,
  NOTADB: 26
} as const

/** No page of shared memory could be had: on a full disk. */
const IOERR_SHMSIZE = 4874

type Sentence = [code: string, problem: string, advice: string]

const SENTENCES: Record<number, Sentence> = {
  [SQLITE.PERM]: [
    'store-unwritable',
    'permission denied',
    'make it and its folder writable, or run as its owner'
  ],
  [SQLITE.BUSY]: ['store-in-use', 'another program is using it', 'close that one'],
  [SQLITE.LOCKED]: ['store-in-use', 'another program is using it', 'close that one'],
  [SQLITE.READONLY]: ['store-read-only', 'it is read-only', 'make it and its folder writable'],
  [SQLITE.IOERR]: ['store-unreadable', 'the disk reports an error', 'look after the disk'],
  [SQLITE.CORRUPT]: ['store-corrupt', 'it is damaged', 'start again: it will be set aside'],
  [SQLITE.FULL]: ['store-full', 'the disk is full', 'free some space'],
  [SQLITE.CANTOPEN]: ['store-unwritable', 'it cannot be opened', 'make its folder writable'],
  [SQLITE.NOTADB]: ['store-corrupt', 'it is damaged', 'start again: it will be set aside']
}

/** Where somebody only wants to read, other advice helps. */
const TO_READ: Record<number, string> = {
  [SQLITE.PERM]: 'run as its owner',
  [SQLITE.CANTOPEN]: 'run as its owner',
  [SQLITE.CORRUPT]: 'start a chat: it sets the file aside and begins a new one',
  [SQLITE.NOTADB]: 'start a chat: it sets the file aside and begins a new one'
}

const SYSTEM_CODES: Record<string, number> = {
  EACCES: SQLITE.PERM,
  EPERM: SQLITE.PERM,
  EROFS: SQLITE.READONLY,
  ENOSPC: SQLITE.FULL,
  EDQUOT: SQLITE.FULL
}

/** The primary result code of SQLite that fits what was thrown; 0 when none does. */
export function resultCode(error: unknown): number {
  if (!(error instanceof Error)) return 0
  if ('errcode' in error && typeof error.errcode === 'number') {
    return error.errcode === IOERR_SHMSIZE ? SQLITE.FULL : error.errcode & 0xff
  }
  return 'code' in error ? (SYSTEM_CODES[String(error.code)] ?? 0) : 0
}

/** A UserError for what was thrown; one that is a UserError already comes back as it is. */
export function storeError(file: string, error: unknown): UserError {
  if (error instanceof UserError) return error
  const known = SENTENCES[resultCode(error)]
  const [code, problem, advice] = known ?? ['store-failed', reasonOf(error), 'look after that file']
  return new UserError(
    code,
    `messages cannot be kept in ${file}: ${problem}, so ${advice}, or use another place with --identity FILE or PARLEY_HOME`,
    { cause: error }
  )
}

/** As `storeError`, for somebody who wants to read what was said. */
export function readingError(file: string, error: unknown): UserError {
  if (error instanceof UserError) return error
  const result = resultCode(error)
  const [code, problem, advice] = SENTENCES[result] ?? [
    'store-failed',
    reasonOf(error),
    'look after that file'
  ]
  return new UserError(
    code,
    `what was said cannot be read from ${file}: ${problem}, so ${TO_READ[result] ?? advice}`,
    { cause: error }
  )
}

const reasonOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error)
