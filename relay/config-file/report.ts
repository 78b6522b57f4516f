// What `--check-config` prints: every value in force, and where it came from. (pure)
import type { Origin, OptionSpecs, Resolved } from '../../shared/config.ts'
import { LIMIT_NAMES } from '../limits.ts'
import { LIMITS_KEY, type ParsedFile } from './parse.ts'
import type { RelaySettings } from '../config.ts'
import { roomsPlace } from '../rendezvous/redis/url.ts'

/** One value a line: key, value, origin, with tabs between them for scripts; ends in a newline. */
export function configReport(
  settings: RelaySettings,
  resolved: Resolved<OptionSpecs>,
  { specs, parsed, file }: { specs: OptionSpecs; parsed: ParsedFile | undefined; file: string }
): string {
  const lines = [parsed === undefined ? `# no file ${file}` : `# ${file}`]
  for (const [name, spec] of Object.entries(specs)) {
    if (spec.inFile === false) continue
    const value = resolved.values[name] ?? (name === 'identity' ? settings.identityFile : '')
    const text = Array.isArray(value) ? value.join(', ') : shown(name, `${value}`, settings)
    lines.push(line(name, text, resolved.from[name] ?? 'default', resolved.givenBy[name]))
  }
  for (const name of LIMIT_NAMES) {
    const given = parsed?.limits.get(name)
    const origin = given === undefined ? 'default' : 'file'
    lines.push(line(`${LIMITS_KEY}.${name}`, String(settings.limits[name]), origin, given?.by))
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
