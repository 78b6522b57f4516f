// All that a relay is told, from its options, the environment and its configuration file.
import { resolveConfig, type Print, type Surroundings } from '../shared/config.ts'
import { UsageError } from '../shared/errors.ts'
import { withSecretVariable } from '../shared/secret-option.ts'
import { loadSecrets } from '../shared/secrets.ts'
import { createConfigFile, noSuchFile, readConfigFile } from './config-file/files.ts'
import { overruledIn, type Overruled } from './config-file/overruled.ts'
import { parseConfigFile, type ParsedFile } from './config-file/parse.ts'
import { configReport } from './config-file/report.ts'
import { configTemplate } from './config-file/template.ts'
import { relaySettings, type RelaySettings } from './config.ts'
import { givenLimits } from './given-limits.ts'
import { configFile, RELAY_COMMAND } from './options.ts'

export interface Loaded {
  kind: 'run'
  settings: RelaySettings
  /** The configuration file, when there is one. */
  file: string | undefined
  /** What stands in it and is not in force. */
  overruled: Overruled[]
}

export interface Asked extends Surroundings {
  platform: string
}

/** Throws a UsageError for wrong settings; `onProblem` is told all further problems of the file. */
export async function loadSettings(
  asked: Asked,
  onProblem: (sentence: string) => void = () => {}
): Promise<Loaded | Print> {
  const first = resolveConfig(RELAY_COMMAND, asked)
  if (first.kind === 'print') return first
  const { file, named } = configFile(first.values, asked)
  if (first.values.init) {
    await createConfigFile(file, configTemplate(RELAY_COMMAND.options))
    return { kind: 'print', text: `${file}\n` }
  }
  const text = await readConfigFile(file)
  if (text === undefined && named) throw noSuchFile(file)
  const parsed = text === undefined ? undefined : parse(text, file, onProblem)
  const options = resolveConfig(RELAY_COMMAND, {
    ...asked,
    file: (name) => parsed?.options.get(name)
  })
  if (options.kind === 'print') return options
  const resolved = withSecretVariable(options, asked.env)
  const secrets = await loadSecrets(resolved, asked.env)
  const limits = givenLimits(resolved, asked.env, parsed?.limits)
  const settings = relaySettings(resolved, asked, { limits, secrets })
  if (resolved.values['check-config']) {
    const sources = { specs: RELAY_COMMAND.options, file, isThere: parsed !== undefined, limits }
    return { kind: 'print', text: configReport(settings, resolved, sources) }
  }
  if (parsed === undefined) return { kind: 'run', settings, file: undefined, overruled: [] }
  return { kind: 'run', settings, file, overruled: overruledIn(parsed, resolved, limits) }
}

function parse(text: string, file: string, onProblem: (sentence: string) => void): ParsedFile {
  const parsed = parseConfigFile(text, file, RELAY_COMMAND.options)
  const last = parsed.problems.pop()
  if (last === undefined) return parsed
  for (const problem of parsed.problems) onProblem(problem)
  throw new UsageError('config-file', last)
}
