// Where a relay with this environment and configuration file has its status page, for who has to find out every few
// seconds: nothing is loaded that the answer does not need.
import { resolveConfig, type Given } from '../../shared/config.ts'
import { UsageError } from '../../shared/errors.ts'
import { configFile, RELAY_COMMAND, type Place } from '../options.ts'
import { parseEndpoint, type Endpoint } from './endpoint.ts'

const { config, identity, status } = RELAY_COMMAND.options
const COMMAND = { ...RELAY_COMMAND, options: { config, identity, status } }

/** Undefined when it is off. Throws a UsageError when the file cannot be read as far as that. */
export async function configuredEndpoint(place: Place): Promise<Endpoint | undefined> {
  const asked = { argv: [], env: place.env, version: '' }
  const first = resolveConfig(COMMAND, asked)
  if (first.kind === 'print') return undefined
  const inFile =
    first.from.status === 'default'
      ? await statusIn(configFile(first.values, place).file)
      : undefined
  return inFile === undefined
    ? parseEndpoint(first.values.status, first.givenBy.status)
    : parseEndpoint(String(inFile.value), inFile.by)
}

/** Undefined where there is no file, or it does not say. */
async function statusIn(file: string): Promise<Given | undefined> {
  const { readConfigFile } = await import('../config-file/files.ts')
  const text = await readConfigFile(file)
  if (text === undefined) return undefined
  const { parseConfigFile } = await import('../config-file/parse.ts')
  const { options, problems } = parseConfigFile(text, file, RELAY_COMMAND.options)
  const given = options.get('status')
  // The relay may run as it was read before somebody made a mistake in it: only one that hides the answer is one here.
  if (given === undefined && problems[0] !== undefined) {
    throw new UsageError('config-file', problems[0])
  }
  return given
}
