// Options of a command: declared once, resolved as option > environment > default, told by `--help`. (pure)
// Every mistake is a UsageError of one sentence that names the option or the variable.
import { parseArgs } from 'node:util'
import { didYouMean } from './did-you-mean.ts'
import { UsageError } from './errors.ts'
import { helpText } from './help.ts'

interface AnyOption {
  help: string
  /** The environment variable that gives the value when the command line does not. */
  env?: string
}

export interface FlagOption extends AnyOption {
  type: 'boolean'
}

export interface TextOption extends AnyOption {
  type: 'string'
  multiple?: false
  /** How the value is called in the help and in complaints: `FILE`. */
  placeholder: string
  default?: string
  /** Given by its place and not by `--name`; places are in the order of the declarations. */
  positional?: boolean
}

export interface ListOption extends AnyOption {
  type: 'string'
  /** Repeated on the command line, separated by commas in the environment. */
  multiple: true
  placeholder: string
  default?: readonly string[]
}

export type OptionSpec = FlagOption | TextOption | ListOption
export type OptionSpecs = Record<string, OptionSpec>

export interface CommandSpec<Specs extends OptionSpecs = OptionSpecs> {
  /** As typed: `parley chat`. */
  command: string
  /** One sentence for the top of the help. */
  summary: string
  options: Specs
  /** Paragraphs for the end of the help, as they stand. */
  notes?: readonly string[]
}

type Value<Spec extends OptionSpec> = Spec extends FlagOption
  ? boolean
  : Spec extends ListOption
    ? string[]
    : Spec extends { default: string }
      ? string
      : string | undefined

export type Values<Specs extends OptionSpecs> = { [Name in keyof Specs]: Value<Specs[Name]> }

export interface Resolved<Specs extends OptionSpecs> {
  kind: 'run'
  values: Values<Specs>
  /** For complaints about a value: `--relay`, `PARLEY_RELAY`, or `the default of --relay`. */
  givenBy: Record<keyof Specs, string>
}

/** What `--help` or `--version` ask to print on standard output instead of running. */
export interface Print {
  kind: 'print'
  text: string
}

export interface Surroundings {
  /** The arguments after the command. */
  argv: readonly string[]
  env: Record<string, string | undefined>
  /** What `--version` prints. */
  version: string
}

type Given = { value: string | boolean | string[]; by: string }

/** One place that values come from; the first that knows a value wins. A config file would be one more. */
type Layer = (name: string, spec: OptionSpec) => Given | undefined

/** Throws a UsageError for anything it does not understand. */
export function resolveConfig<const Specs extends OptionSpecs>(
  command: CommandSpec<Specs>,
  surroundings: Surroundings
): Resolved<Specs> | Print
export function resolveConfig(
  command: CommandSpec,
  { argv, env, version }: Surroundings
): Resolved<OptionSpecs> | Print {
  const line = readCommandLine(command, argv)
  if (line.help) return { kind: 'print', text: helpText(command) }
  if (line.version) return { kind: 'print', text: `${version}\n` }
  const layers: Layer[] = [
    (name) => line.given.get(name),
    (_, spec) => fromEnvironment(env, spec),
    fromDefault
  ]
  const values: Values<OptionSpecs> = {}
  const givenBy: Record<string, string> = {}
  for (const [name, spec] of Object.entries(command.options)) {
    const given = firstOf(layers, name, spec)
    values[name] = given?.value
    givenBy[name] = given?.by ?? `--${name}`
  }
  return { kind: 'run', values, givenBy }
}

function firstOf(layers: Layer[], name: string, spec: OptionSpec): Given | undefined {
  for (const layer of layers) {
    const given = layer(name, spec)
    if (given !== undefined) return given
  }
  return undefined
}

interface CommandLine {
  help: boolean
  version: boolean
  given: Map<string, Given>
}

function readCommandLine(command: CommandSpec, argv: readonly string[]): CommandLine {
  const named = Object.entries(command.options).filter(([, spec]) => !isPositional(spec))
  const places = Object.entries(command.options).filter(([, spec]) => isPositional(spec))
  const options = Object.fromEntries(named.map(([name, { type }]) => [name, { type }]))
  // Lenient, because the complaints of the strict mode are several sentences and suggest nothing.
  const { tokens } = parseArgs({ args: [...argv], options, strict: false, tokens: true })
  const line: CommandLine = { help: false, version: false, given: new Map() }
  for (const token of tokens) {
    if (token.kind === 'option')
      readOption(command, { ...token, typed: argv[token.index] ?? '' }, line)
    if (token.kind === 'positional') {
      const [name] = places.shift() ?? []
      if (name === undefined) {
        throw new UsageError(
          'too-many-arguments',
          `${command.command} does not know what to do with "${token.value}": run "${command.command} --help"`
        )
      }
      line.given.set(name, { value: token.value, by: placeholderOf(command, name) })
    }
  }
  return line
}

interface OptionToken {
  /** The whole argument; `rawName` is its first letter when somebody forgot a dash. */
  typed: string
  name: string
  rawName: string
  value?: string | undefined
  inlineValue?: boolean | undefined
}

function readOption(command: CommandSpec, token: OptionToken, line: CommandLine): void {
  const { name, rawName } = token
  if (rawName === '--help' || rawName === '-h') line.help = true
  else if (rawName === '--version') line.version = true
  else {
    const off = rawName.startsWith('--no-') ? rawName.slice('--no-'.length) : ''
    if (ownFlag(command, off)) {
      withoutValue(token)
      line.given.set(off, { value: false, by: rawName })
    } else if (rawName.startsWith('--') && ownFlag(command, name)) {
      withoutValue(token)
      line.given.set(name, { value: true, by: rawName })
    } else readText(command, token, line)
  }
}

function readText(command: CommandSpec, token: OptionToken, line: CommandLine): void {
  const { name, rawName, typed } = token
  const spec = Object.hasOwn(command.options, name) ? command.options[name] : undefined
  if (
    spec === undefined ||
    spec.type === 'boolean' ||
    isPositional(spec) ||
    rawName !== `--${name}`
  ) {
    throw unknownOption(command, typed.split('=')[0] ?? rawName)
  }
  const value = token.value
  const looksLikeOption = token.inlineValue === false && value !== undefined && /^-./.test(value)
  if (value === undefined || value === '' || looksLikeOption) {
    const hint = looksLikeOption ? ` (write ${rawName}=${value} if that is the value)` : ''
    throw new UsageError(
      'missing-value',
      `${rawName} needs a value: ${rawName} ${spec.placeholder}${hint}`
    )
  }
  const before = line.given.get(name)?.value
  const list = [...(Array.isArray(before) ? before : []), value]
  line.given.set(name, { value: spec.multiple === true ? list : value, by: rawName })
}

function withoutValue({ rawName, value }: OptionToken): void {
  if (value === undefined) return
  throw new UsageError('unexpected-value', `${rawName} takes no value: leave out "=${value}"`)
}

function unknownOption(command: CommandSpec, typed: string): UsageError {
  const named = Object.entries(command.options).filter(([, spec]) => !isPositional(spec))
  const guess = didYouMean(typed, [...named.map(([name]) => `--${name}`), '--help', '--version'])
  const advice = guess === undefined ? `run "${command.command} --help"` : `did you mean ${guess}?`
  return new UsageError('unknown-option', `${command.command} has no option ${typed}: ${advice}`)
}

function fromEnvironment(
  env: Record<string, string | undefined>,
  spec: OptionSpec
): Given | undefined {
  const text = spec.env === undefined ? undefined : env[spec.env]?.trim()
  if (spec.env === undefined || text === undefined || text === '') return undefined
  if (spec.type === 'boolean') return { value: switchOf(spec.env, text), by: spec.env }
  if (spec.multiple !== true) return { value: text, by: spec.env }
  const list = text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
  return list.length === 0 ? undefined : { value: list, by: spec.env }
}

function switchOf(variable: string, text: string): boolean {
  const lower = text.toLowerCase()
  if (['1', 'true', 'yes', 'on'].includes(lower)) return true
  if (['0', 'false', 'no', 'off'].includes(lower)) return false
  throw new UsageError(
    'bad-environment',
    `the environment variable ${variable} is "${text}": set it to 1 or 0, or unset it`
  )
}

function fromDefault(name: string, spec: OptionSpec): Given | undefined {
  const by = `the default of --${name}`
  if (spec.type === 'boolean') return { value: false, by }
  if (spec.multiple === true) return { value: [...(spec.default ?? [])], by }
  return spec.default === undefined ? undefined : { value: spec.default, by }
}

const isPositional = (spec: OptionSpec): boolean =>
  spec.type === 'string' && spec.multiple !== true && spec.positional === true

const ownFlag = (command: CommandSpec, name: string): boolean =>
  Object.hasOwn(command.options, name) && command.options[name]?.type === 'boolean'

function placeholderOf(command: CommandSpec, name: string): string {
  const spec = command.options[name]
  return spec?.type === 'string' ? spec.placeholder : name
}
