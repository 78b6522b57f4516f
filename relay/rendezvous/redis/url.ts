// Where the rooms are kept, as an operator writes it: `memory`, or the URL of a Redis or Valkey server. (pure)
import { UsageError } from '../../../shared/errors.ts'

const EXAMPLE = 'redis://10.0.0.5:6379/0'

/**
 * The URL, or undefined for this relay's memory.
 *
 * @param givenBy the option, the variable or the file that has it, for the complaint
 * @throws UsageError
 */
export function parseRooms(text: string, givenBy: string): string | undefined {
  if (text === 'memory') return undefined
  const url = URL.canParse(text) ? new URL(text) : undefined
  // No quotation: whatever is wrong with it, there may be a password in it.
  if (url === undefined || !['redis:', 'rediss:'].includes(url.protocol) || url.hostname === '') {
    const message = `${givenBy} has to be "memory" or redis://HOST:PORT/DB (rediss: with TLS), for example ${EXAMPLE}`
    throw new UsageError('rooms-malformed', message)
  }
  if (!/^(\/\d{0,4})?$/v.test(url.pathname) || url.search !== '' || url.hash !== '') {
    const message = `${givenBy} has to end in the number of a database, for example ${EXAMPLE}`
    throw new UsageError('rooms-malformed', message)
  }
  // Every user of the machine can read the arguments of its programs.
  if (givenBy.startsWith('--') && (url.password !== '' || url.username !== '')) {
    const message = `${givenBy} must not contain a user or a password, which others on this machine could read there: put the URL into the environment variable PARLEY_ROOMS`
    throw new UsageError('rooms-password', message)
  }
  return text
}

/** Host, port and database, for logs: without what nobody may read there. */
export function roomsPlace(url: string): string {
  const { protocol, host, pathname } = new URL(url)
  return `${protocol}//${host}${pathname === '/' ? '' : pathname}`
}
