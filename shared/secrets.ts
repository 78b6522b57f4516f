// The secrets that peers share with relays, read from where they are kept. Nothing here says what one is.
import { createSecretKey, type KeyObject } from 'node:crypto'
import type { Stats } from 'node:fs'
import { platform as hostPlatform, userInfo } from 'node:os'
import { UsageError } from './errors.ts'
import { readBounded } from './read-bounded.ts'
import { SECRET_VARIABLE } from './secret-option.ts'
import { MAX_SECRETS } from './wire/access.ts'

/** Logged, printed or turned into JSON it shows nothing of itself. */
export type Secret = KeyObject

/** Whoever is given a proof may try guesses on it as fast as it can; what ADVICE makes has 32. */
export const MIN_SECRET_CHARS = 16

const ADVICE = 'put a line in it that "openssl rand -base64 24" prints'

const MAX_FILE_BYTES = 16 * 1024

const OPEN_TO_OTHERS = 0o077

/** Of a command with that option and `withSecretVariable`. None where none are given. Throws a UsageError. */
export async function loadSecrets(
  {
    values: { 'secret-file': file },
    givenBy: { 'secret-file': givenBy }
  }: { values: { 'secret-file': string | undefined }; givenBy: { 'secret-file': string } },
  env: Record<string, string | undefined>
): Promise<Secret[]> {
  if (givenBy === SECRET_VARIABLE) return parseSecrets(env[SECRET_VARIABLE] ?? '', givenBy)
  if (file === undefined) return []
  const source = `the secret file ${file}`
  let bytes: Uint8Array | undefined
  try {
    bytes = await readBounded(file, MAX_FILE_BYTES, (stats) => checkFile(file, stats))
  } catch (cause) {
    if (cause instanceof UsageError) throw cause
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause)
    throw mistake(`${source} cannot be read: ${code}`, cause)
  }
  if (bytes === undefined) throw mistake(`${source} does not exist: make it, and ${ADVICE}`)
  return parseSecrets(new TextDecoder().decode(bytes), source)
}

/** One a line; empty lines and those that begin with # are none. Throws a UsageError that names the source and line. */
export function parseSecrets(text: string, source: string): Secret[] {
  const secrets = new Map<string, Secret>()
  for (const [index, untrimmed] of text.split('\n').entries()) {
    const line = untrimmed.trim()
    if (line === '' || line.startsWith('#')) continue
    if (line.length < MIN_SECRET_CHARS) {
      throw mistake(
        `line ${index + 1} of ${source} has ${line.length} characters, and a secret has to have at least ${MIN_SECRET_CHARS}: ${ADVICE}`
      )
    }
    secrets.set(line, createSecretKey(Buffer.from(line)))
  }
  if (secrets.size === 0) throw mistake(`${source} has no secret in it: ${ADVICE}`)
  if (secrets.size > MAX_SECRETS) {
    throw mistake(`${source} has more than ${MAX_SECRETS} secrets in it: remove old ones`)
  }
  return [...secrets.values()]
}

/** As ssh does with keys: a file that somebody else has put there, as container platforms do, has the mode that they gave it. */
function checkFile(file: string, stats: Stats): void {
  const source = `the secret file ${file}`
  if (!stats.isFile()) throw mistake(`${source} is not a regular file: name another one`)
  if (stats.size > MAX_FILE_BYTES) {
    throw mistake(`${source} has more than ${MAX_FILE_BYTES} bytes: name another one`)
  }
  const isOpen = hostPlatform() !== 'win32' && (stats.mode & OPEN_TO_OTHERS) !== 0
  if (isOpen && stats.uid === ownUid()) {
    throw mistake(`${source} can be read by others than its owner: run "chmod 600 ${file}"`)
  }
}

/** Undefined where the user has no entry in the system's list, as in some containers. */
function ownUid(): number | undefined {
  try {
    return userInfo().uid
  } catch {
    return undefined
  }
}

const mistake = (sentence: string, cause?: unknown): UsageError =>
  new UsageError('secret', sentence, { cause })
