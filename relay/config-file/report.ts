// What `--check-config` prints: every value in force, and where it came from. (pure)
import type { Origin, OptionSpecs, Resolved } from '../../shared/config.ts'
import type { GivenLimit } from '../given-limits.ts'
import { LIMIT_NAMES, type LimitName } from '../limits.ts'
import { LIMITS_KEY } from './parse.ts'
import type { RelaySettings } from '../config.ts'
import { roomsPlace } from '../rendezvous/redis/url.ts'

export interface Sources {
  specs: OptionSpecs
  /** The path of the configuration file, and whether there is one. */
  file: string
  isThere: boolean
  limits: ReadonlyMap<LimitName, GivenLimit>
}

/** One value a line: key, value, origin, with tabs between them for scripts; ends in a newline. */
export function configReport(
  settings: RelaySettings,
  resolved: Resolved<OptionSpecs>,
  { specs, file, isThere, limits }: Sources
): string {
  const lines = [isThere ? `# ${file}` : `# no file ${file}`]
  for (const [name, spec] of Object.entries(specs)) {
    if (spec.inFile === false) continue
    const value = resolved.values[name] ?? (name === 'identity' ? settings.identityFile : '')
    const text = Array.isArray(value) ? value.join(', ') : shown(name, `${value}`, settings)
    lines.push(line(name, text, resolved.from[name] ?? 'default', resolved.givenBy[name]))
  }
  for (const name of LIMIT_NAMES) {
    const { origin = 'default', by } = limits.get(name) ?? {}
    lines.push(line(`${LIMITS_KEY}.${name}`, String(settings.limits[name]), origin, by))
  }
  return `${lines.join('\n')}\n`
}

/** Passwords stay in the file: what is printed here is shown to others who are to help. */
const shown = (name: string, value: string, { rooms }: RelaySettings): string =>
  name === 'rooms' && rooms !== undefined ? roomsPlace(rooms) : value

function line(key: string, value: string, origin: Origin, by: string | undefined): string {
  return `${key}\t${value}\t${originWords(origin, by)}`
}

function originWords(origin: Origin, by: string | undefined): string {
  if (origin === 'default' || by === undefined) return 'default'
  return origin === 'file' ? `file, ${/line \d+(?=,$)/.exec(by)?.[0] ?? ''}` : `${origin} ${by}`
}
