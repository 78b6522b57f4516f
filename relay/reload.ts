// What changes when the configuration is read again, in words. (pure)
import { accessWords, sameAccess } from './access/words.ts'
import type { Overruled } from './config-file/overruled.ts'
import { LIMIT_NAMES } from './limits.ts'
import type { RelaySettings } from './config.ts'

/** Settings that take effect while the relay runs; all others need a restart. */
const RELOADABLE: ReadonlySet<string> = new Set(['limits', 'drainSeconds', 'access'])

/** Of options that are called otherwise than their settings. */
const NAMES: Record<string, string> = { identityFile: 'identity', reflectPort: 'reflect-port' }

/**
 * One line for each change, in force or not. What takes a restart is compared with what the relay was started with, and
 * is said each time until it has been restarted; so is what stands in the file and is overruled.
 */
export function reloadWords(
  started: RelaySettings,
  before: RelaySettings,
  after: RelaySettings,
  overruled: readonly Overruled[] = []
): string[] {
  const limits = LIMIT_NAMES.filter((name) => before.limits[name] !== after.limits[name]).map(
    (name) => `reloaded: limit ${name} is ${after.limits[name]}, was ${before.limits[name]}`
  )
  const drain =
    before.drainSeconds === after.drainSeconds
      ? []
      : [`reloaded: drain is ${after.drainSeconds}, was ${before.drainSeconds}`]
  const access = sameAccess(before.access, after.access)
    ? []
    : [`reloaded: access ${accessWords(after.access)}`]
  const waiting = unreloadable(started, after).map(
    (name) => `not reloaded: ${name} has changed, which takes a restart`
  )
  const weaker = overruled.map(({ key, by }) => `not reloaded: ${by} overrules ${key} in the file`)
  const lines = [...limits, ...drain, ...access, ...waiting, ...weaker]
  return lines.length === 0 ? ['reloaded: nothing has changed'] : lines
}

const unreloadable = (before: RelaySettings, after: RelaySettings): string[] =>
  [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .filter((name) => !RELOADABLE.has(name))
    .filter((name) => {
      const [was, is] = [before, after].map((settings): unknown => Reflect.get(settings, name))
      return JSON.stringify(was) !== JSON.stringify(is)
    })
    .map((name) => NAMES[name] ?? name)
