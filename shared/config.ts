// Options of a command: declared once, resolved as option > environment > file > default, told by `--help`. (pure)
// Every mistake is a UsageError of one sentence that names the option or the variable.
import { readCommandLine } from './command-line.ts'
import { UsageError } from './errors.ts'
import { helpText } from './help.ts'

interface AnyOption {
  help: string
  /** The environment variable that gives the value when the command line does not. */
  env?: string
  /** Makes no sense in a configuration file. */
  inFile?: false
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

/** A whole number. */
export interface NumberOption extends AnyOption {
  type: 'number'
  placeholder: string
  default: number
  min: number
  max: number
}

export type OptionSpec = FlagOption | TextOption | ListOption | NumberOption
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
  : Spec extends NumberOption
    ? number
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
  from: Record<keyof Specs, Origin>
}

/** Where a value came from, strongest first. */
export type Origin = 'option' | 'environment' | 'file' | 'default'

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
  /** A configuration file; its values have the types of their options. */
  file?: Layer
}

export type Given = { value: string | boolean | number | string[]; by: string }

/** One place that values come from; the first that knows a value wins. */
export type Layer = (name: string, spec: OptionSpec) => Given | undefined

/** Throws a UsageError for anything it does not understand. */
export function resolveConfig<const Specs extends OptionSpecs>(
  command: CommandSpec<Specs>,
  surroundings: Surroundings
): Resolved<Specs> | Print
export function resolveConfig(
  command: CommandSpec,
  { argv, env, version, file = () => undefined }: Surroundings
): Resolved<OptionSpecs> | Print {
  const line = readCommandLine(command, argv)
  if (line.help) return { kind: 'print', text: helpText(command) }
  if (line.version) return { kind: 'print', text: `${version}\n` }
  const layers: Array<[Origin, Layer]> = [
    ['option', (name, spec) => asNumber(line.given.get(name), spec)],
    ['environment', (_, spec) => asNumber(fromEnvironment(env, spec), spec)],
    ['file', file],
    ['default', fromDefault]
  ]
  const values: Values<OptionSpecs> = {}
  const givenBy: Record<string, string> = {}
  const from: Record<string, Origin> = {}
  for (const [name, spec] of Object.entries(command.options)) {
    const [origin, given] = firstOf(layers, name, spec)
    values[name] = given?.value
    givenBy[name] = given?.by ?? `--${name}`
    from[name] = origin
  }
  return { kind: 'run', values, givenBy, from }
}

function firstOf(
  layers: Array<[Origin, Layer]>,
  name: string,
  spec: OptionSpec
): [Origin, Given | undefined] {
  for (const [origin, layer] of layers) {
    const given = layer(name, spec)
    if (given !== undefined) return [origin, given]
  }
  return ['default', undefined]
}

function asNumber(given: Given | undefined, spec: OptionSpec): Given | undefined {
  if (given === undefined || spec.type !== 'number') return given
  const text = String(given.value)
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (value >= spec.min && value <= spec.max) return { value, by: given.by }
  throw new UsageError(
    'bad-number',
    `${given.by} is "${text}": it takes a whole number from ${spec.min} to ${spec.max}`
  )
}

/** What the option's own variable gives; a number as text. Throws a UsageError for a flag that is neither on nor off. */
export function fromEnvironment(
  env: Record<string, string | undefined>,
  spec: OptionSpec
): Given | undefined {
  const text = spec.env === undefined ? undefined : env[spec.env]?.trim()
  if (spec.env === undefined || text === undefined || text === '') return undefined
  if (spec.type === 'boolean') return { value: switchOf(spec.env, text), by: spec.env }
  if (spec.type === 'number' || spec.multiple !== true) return { value: text, by: spec.env }
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
  if (spec.type === 'number') return { value: spec.default, by }
  if (spec.multiple === true) return { value: [...(spec.default ?? [])], by }
  return spec.default === undefined ? undefined : { value: spec.default, by }
}
