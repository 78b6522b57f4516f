// The key file: the option that names it, where it is when nobody does, and the database beside it. (pure)
import { join } from 'node:path'
import type { TextOption } from '../../shared/config.ts'
import { stateFolder } from '../../shared/state-folder.ts'

export const IDENTITY_OPTION = {
  type: 'string',
  placeholder: 'FILE',
  env: 'PARLEY_IDENTITY',
  help: 'the file with the private key, made when missing (default peer.key in PARLEY_HOME)'
} as const satisfies TextOption

export function identityFile(
  given: string | undefined,
  { env, platform }: { env: Record<string, string | undefined>; platform: string }
): string {
  return given ?? join(stateFolder(env, platform), 'peer.key')
}

/** `peer.db` beside `peer.key`: whoever holds the lock of the key has the database to itself. */
export function stateFileOf(keyFile: string): string {
  return `${keyFile.replace(/\.key$/, '')}.db`
}
