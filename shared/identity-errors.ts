// What to say when the system refuses to read or create a key file. (pure)
import { UserError } from './errors.ts'

type Refusal = [code: string, reason: string, advice: string]

const READ_REFUSALS: Record<string, Refusal> = {
  EACCES: ['identity-unreadable', 'permission denied', 'run as its owner, or name another file'],
  EPERM: ['identity-unreadable', 'permission denied', 'run as its owner, or name another file'],
  EISDIR: ['identity-directory', 'it is a folder', 'name a file in it instead']
}

const CREATE_REFUSALS: Record<string, Refusal> = {
  EACCES: ['identity-folder', 'its folder is not writable', 'name a file elsewhere'],
  EPERM: ['identity-folder', 'its folder is not writable', 'name a file elsewhere'],
  ENOENT: ['identity-folder', 'its folder cannot be created', 'name a file elsewhere'],
  EROFS: ['identity-folder', 'its file system is read-only', 'name a file elsewhere'],
  ENOSPC: ['identity-disk-full', 'the disk is full', 'free some space, or name a file elsewhere'],
  EDQUOT: [
    'identity-disk-full',
    'the quota is used up',
    'free some space, or name a file elsewhere'
  ]
}

const REFUSALS: Record<string, Refusal> = {
  ENOTDIR: ['identity-path', 'a part of its path is not a folder', 'name another file'],
  EEXIST: ['identity-path', 'a part of its path is not a folder', 'name another file'],
  ELOOP: ['identity-path', 'its links lead in a circle', 'name another file'],
  ENAMETOOLONG: ['identity-path', 'its name is too long', 'name another file'],
  EMFILE: ['identity-files', 'too many files are open', 'raise the limit with "ulimit -n"']
}

/** A UserError for what the system said; one that is a UserError already comes back as it is. */
export function identityFileError(
  file: string,
  doing: 'read' | 'create',
  error: unknown
): UserError {
  if (error instanceof UserError) return error
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
  const refusal = (doing === 'read' ? READ_REFUSALS : CREATE_REFUSALS)[code] ?? REFUSALS[code]
  const [name, reason, advice] = refusal ?? ['identity-file', code, 'name another file']
  return new UserError(name, `cannot ${doing} the key file ${file}: ${reason}, so ${advice}`, {
    cause: error
  })
}
