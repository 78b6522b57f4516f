// Where keys and other state live when nobody says otherwise. (pure)
import { posix, win32 } from 'node:path'
import { UsageError } from './errors.ts'

/** `$PARLEY_HOME`, else the platform's own place. Throws a UsageError when the environment names no home at all. */
export function stateFolder(env: Record<string, string | undefined>, platform: string): string {
  const { PARLEY_HOME, XDG_STATE_HOME, HOME, LOCALAPPDATA, USERPROFILE } = env
  if (PARLEY_HOME) return PARLEY_HOME
  if (platform === 'win32') {
    if (LOCALAPPDATA) return win32.join(LOCALAPPDATA, 'parley')
    if (USERPROFILE) return win32.join(USERPROFILE, 'AppData', 'Local', 'parley')
  } else {
    // The XDG specification: a relative path is invalid and must be ignored.
    if (platform !== 'darwin' && XDG_STATE_HOME && posix.isAbsolute(XDG_STATE_HOME)) {
      return posix.join(XDG_STATE_HOME, 'parley')
    }
    if (HOME && platform === 'darwin') {
      return posix.join(HOME, 'Library', 'Application Support', 'parley')
    }
    if (HOME) return posix.join(HOME, '.local', 'state', 'parley')
  }
  throw new UsageError(
    'no-home',
    'no home folder is known to keep the key in: set PARLEY_HOME to a folder, or name a file with --identity'
  )
}
