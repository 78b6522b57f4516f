// The configuration file that `--init` writes: every key at its default, with the reason. (pure)
import type { OptionSpec, OptionSpecs } from '../../shared/config.ts'
import { wrap } from '../../shared/help.ts'
import { LIMIT_NAMES, LIMITS, type LimitName } from '../limits.ts'
import { LIMITS_KEY } from './parse.ts'

const TOP = `The configuration of parley-relay. Every key is at its default, and may be left out.
An option on the command line overrules its environment variable, which overrules this file.
"parley-relay --check-config" says what is in force. On SIGHUP the file is read again: limits, lists and secrets change at once, without an interruption but for peers that are denied; the rest with a restart.`

const LIMITS_TOP = `What the relay gives away. The defaults suit a host with one CPU, 512 MB and some hundred peers. A "host" is an IPv4 address, or the /64 of an IPv6 one. Each refusal names its limit, in the log and in the metrics.`

/** Ends in a newline. */
export function configTemplate(specs: OptionSpecs): string {
  const options = Object.entries(specs)
    .filter(([, { inFile }]) => inFile !== false)
    .map(([name, spec]) => `${comment(remark(spec), '')}\n${option(name, spec)}\n`)
  const limits = LIMIT_NAMES.map((name) => `${comment(reason(name), '  ')}\n  ${limit(name)}\n`)
  return [
    `${comment(TOP, '')}\n`,
    ...options,
    `${comment(LIMITS_TOP, '')}\n${LIMITS_KEY}:`,
    limits.join('\n')
  ].join('\n')
}

function comment(text: string, indent: string): string {
  const lines = text.split('\n').flatMap((paragraph) => wrap(paragraph, 0).split('\n'))
  return lines.map((line) => `${indent}# ${line}`).join('\n')
}

function remark({ help, env }: OptionSpec): string {
  const sentence = `${help.charAt(0).toUpperCase()}${help.slice(1)}.`
  return env === undefined ? sentence : `${sentence} (${env})`
}

function option(name: string, spec: OptionSpec): string {
  if (spec.type === 'boolean') return `${name}: false`
  // Where its default depends on the place, only the operator knows a value.
  if (spec.default === undefined && !isList(spec)) return `# ${name}: ${spec.placeholder}`
  if (!isList(spec)) return `${name}: ${spec.default}`
  const items = spec.default ?? []
  return items.length === 0
    ? `${name}: []`
    : [`${name}:`, ...items.map((item) => `  - ${item}`)].join('\n')
}

const isList = (spec: OptionSpec): spec is Extract<OptionSpec, { multiple: true }> =>
  spec.type === 'string' && spec.multiple === true

function reason(name: LimitName): string {
  const { unit, min, max, why } = LIMITS[name]
  const measure = unit === 'count' ? '' : `In ${unit.replace('per minute', 'times a minute')}, `
  const range = `${measure === '' ? 'From' : 'from'} ${min} to ${max}.`
  return `${why} ${measure}${range}`
}

function limit(name: LimitName): string {
  const { unit, default: value } = LIMITS[name]
  const mib = unit.startsWith('bytes') ? `  # ${value / (1024 * 1024)} MiB` : ''
  return `${name}: ${value}${mib}`
}
