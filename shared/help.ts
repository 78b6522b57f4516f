// The text of `--help`, made from the declaration of a command. (pure)
import type { CommandSpec, OptionSpec } from './config.ts'

const WIDTH_CHARS = 96
const MAX_LEFT_CHARS = 30

/** Usage line, summary, options with their variables and defaults, notes; ends in a newline. */
export function helpText(command: CommandSpec): string {
  const options = Object.entries(command.options)
  const rows = options.map(([name, spec]): [string, string] => [
    leftOf(name, spec),
    `${spec.help}${remarkOf(spec)}`
  ])
  rows.push(['-h, --help', 'print this text'], ['--version', 'print the version'])
  const places = options.filter(([, spec]) => isPlace(spec))
  const usage = [command.command, ...places.map(([name, spec]) => `[${leftOf(name, spec)}]`)]
  return [
    `Usage: ${usage.join(' ')} [OPTIONS]`,
    '',
    wrap(command.summary, 0),
    '',
    ...table(rows),
    ...(command.notes ?? []).flatMap((note) => ['', note]),
    ''
  ].join('\n')
}

/** Two columns, the right one wrapped; a left side that is too wide gets a line of its own. */
export function table(rows: ReadonlyArray<readonly [left: string, right: string]>): string[] {
  const fitting = rows.map(([left]) => left.length).filter((length) => length <= MAX_LEFT_CHARS)
  const column = Math.max(0, ...fitting) + 4
  return rows.map(([left, right]) => {
    const start = left.length <= MAX_LEFT_CHARS ? `  ${left}`.padEnd(column) : `  ${left}\n`
    const text = wrap(right, column)
    return start.endsWith('\n') ? `${start}${' '.repeat(column)}${text}` : `${start}${text}`
  })
}

const isPlace = (spec: OptionSpec): boolean =>
  spec.type === 'string' && spec.multiple !== true && spec.positional === true

function leftOf(name: string, spec: OptionSpec): string {
  if (spec.type === 'boolean') return `--${name}`
  return isPlace(spec) ? spec.placeholder : `--${name} ${spec.placeholder}`
}

function remarkOf(spec: OptionSpec): string {
  const remarks: string[] = []
  if (spec.type === 'string' && spec.multiple === true) remarks.push('may be repeated')
  if (spec.type === 'string' && spec.default !== undefined && spec.default.length > 0) {
    const text = typeof spec.default === 'string' ? spec.default : spec.default.join(' and ')
    remarks.push(`default ${text}`)
  }
  if (spec.type === 'number') remarks.push(`default ${spec.default}`)
  if (spec.env !== undefined) remarks.push(spec.env)
  return remarks.length === 0 ? '' : ` (${remarks.join('; ')})`
}

/** Lines of at most `width` characters; all but the first are indented. */
export function wrap(text: string, indent: number, width = WIDTH_CHARS): string {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && indent + line.length + 1 + word.length > width) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line].join(`\n${' '.repeat(indent)}`)
}
