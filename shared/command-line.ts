// Reads the arguments of a command against its declaration, with complaints that name the option. (pure)
import { parseArgs } from 'node:util'
import type { CommandSpec, Given, OptionSpec } from './config.ts'
import { didYouMean } from './did-you-mean.ts'
import { UsageError } from './errors.ts'

export interface CommandLine {
  /** `--help` and `--version`: asked for. */
  help: boolean
  version: boolean
  /** By the name of the option. */
  given: Map<string, Given>
}

/** Throws a UsageError for what was not declared, lacks its value, or has one that it does not take. */
export function readCommandLine(command: CommandSpec, argv: readonly string[]): CommandLine {
  const named = Object.entries(command.options).filter(([, spec]) => !isPositional(spec))
  const places = Object.entries(command.options).filter(([, spec]) => isPositional(spec))
  const options = Object.fromEntries(
    named.map(([name, { type }]): [string, { type: 'boolean' | 'string' }] => [
      name,
      { type: type === 'boolean' ? type : 'string' }
    ])
  )
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
  line.given.set(name, {
    value: spec.type === 'string' && spec.multiple === true ? list : value,
    by: rawName
  })
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

const isPositional = (spec: OptionSpec): boolean =>
  spec.type === 'string' && spec.multiple !== true && spec.positional === true

const ownFlag = (command: CommandSpec, name: string): boolean =>
  Object.hasOwn(command.options, name) && command.options[name]?.type === 'boolean'

function placeholderOf(command: CommandSpec, name: string): string {
  const spec = command.options[name]
  return spec === undefined || spec.type === 'boolean' ? name : spec.placeholder
}
