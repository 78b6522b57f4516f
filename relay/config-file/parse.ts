// Reads the text of a configuration file against the declared options and limits. (pure)
// Every mistake is a sentence that names the file, the line and the key; all of them are found, not only the first.
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, type Node } from 'yaml'
import type { Given, OptionSpec, OptionSpecs } from '../../shared/config.ts'
import { didYouMean } from '../../shared/did-you-mean.ts'
import { LIMIT_NAMES, LIMITS, type LimitName } from '../limits.ts'

export interface ParsedFile {
  /** By the names of options. */
  options: Map<string, Given>
  limits: Map<LimitName, { value: number; by: string }>
  problems: string[]
}

/** The key under which limits stand. */
export const LIMITS_KEY = 'limits'

export function parseConfigFile(text: string, file: string, specs: OptionSpecs): ParsedFile {
  const lines = new LineCounter()
  const document = parseDocument(text, {
    lineCounter: lines,
    uniqueKeys: false,
    prettyErrors: false,
    stringKeys: true
  })
  const parsed: ParsedFile = { options: new Map(), limits: new Map(), problems: [] }
  const place: Place = { file, lines, problems: parsed.problems }
  for (const { message, pos } of [...document.errors, ...document.warnings]) {
    const [sentence = ''] = message.split('\n')
    parsed.problems.push(`${file}, line ${lines.linePos(pos[0]).line}, is no YAML: ${sentence}`)
  }
  // What stands behind a mistake is not what was meant.
  if (parsed.problems.length > 0) return parsed
  const options = Object.entries(specs).filter(([, { inFile }]) => inFile !== false)
  const names = [...options.map(([name]) => name), LIMITS_KEY]
  for (const entry of entriesOf(document.contents, '', names, place)) {
    const spec = specs[entry.key]
    if (entry.key === LIMITS_KEY) readLimits(entry.value, parsed, place)
    else if (spec !== undefined) readOption(entry, spec, parsed)
  }
  return parsed
}

interface Place {
  file: string
  lines: LineCounter
  problems: string[]
}

interface Entry {
  key: string
  value: Node | null
  /** For complaints. */
  by: string
  complain: (mistake: string) => void
}

/** The entries of a map that are known and stand there once. */
function entriesOf(
  node: Node | null,
  section: string,
  known: readonly string[],
  place: Place
): Entry[] {
  const { file, lines, problems } = place
  if (node === null || (isScalar(node) && node.value === null)) return []
  if (!isMap(node)) {
    const line = lines.linePos(node.range?.[0] ?? 0).line
    const what = section === '' ? 'the file' : `"${section}"`
    problems.push(`${file}, line ${line}: ${what} has to be lines of "key: value"`)
    return []
  }
  const entries = new Map<string, Entry>()
  for (const pair of node.items) {
    const keyNode = pair.key
    if (!isScalar(keyNode)) continue
    const key = String(keyNode.value)
    const line = lines.linePos(keyNode.range?.[0] ?? 0).line
    const by = `"${section === '' ? key : `${section}.${key}`}" in ${file}, line ${line},`
    const complain = (mistake: string): void => void problems.push(`${by} ${mistake}`)
    if (!known.includes(key)) complain(`is not known${hint(key, known)}`)
    else if (entries.has(key)) complain('stands there twice: remove one of them')
    else entries.set(key, { key, value: nodeOf(pair.value), by, complain })
  }
  return [...entries.values()]
}

const nodeOf = (value: unknown): Node | null =>
  isScalar(value) || isMap(value) || isSeq(value) || isAlias(value) ? value : null

function hint(key: string, known: readonly string[]): string {
  const guess = didYouMean(key, known)
  return guess === undefined ? ': remove it' : `: did you mean "${guess}"?`
}

function readLimits(node: Node | null, { limits }: ParsedFile, place: Place): void {
  for (const { key, value, by, complain } of entriesOf(node, LIMITS_KEY, LIMIT_NAMES, place)) {
    const name = LIMIT_NAMES.find((each) => each === key)
    if (name === undefined) continue
    const number = numberIn(value, LIMITS[name], complain)
    if (number !== undefined) limits.set(name, { value: number, by })
  }
}

function readOption(
  { key, value, by, complain }: Entry,
  spec: OptionSpec,
  parsed: ParsedFile
): void {
  const found = valueOf(value, spec, complain)
  if (found !== undefined) parsed.options.set(key, { value: found, by })
}

function valueOf(
  node: Node | null,
  spec: OptionSpec,
  complain: (mistake: string) => void
): Given['value'] | undefined {
  const value: unknown = isScalar(node) ? node.value : undefined
  switch (spec.type) {
    case 'boolean':
      if (typeof value === 'boolean') return value
      complain(`has to be true or false, and is ${described(node)}`)
      return undefined
    case 'number':
      return numberIn(node, spec, complain)
    case 'string':
      if (spec.multiple === true) return textsIn(node, spec.placeholder, complain)
      if (typeof value === 'string' && value !== '') return value
      complain(`has to be a ${spec.placeholder}, and is ${described(node)}`)
      return undefined
    default:
      return spec satisfies never
  }
}

function numberIn(
  node: Node | null,
  { min, max }: { min: number; max: number },
  complain: (mistake: string) => void
): number | undefined {
  const value: unknown = isScalar(node) ? node.value : undefined
  if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) {
    return value
  }
  complain(`has to be a whole number from ${min} to ${max}, and is ${described(node)}`)
  return undefined
}

function textsIn(
  node: Node | null,
  placeholder: string,
  complain: (mistake: string) => void
): string[] | undefined {
  const texts: string[] = []
  for (const item of isSeq(node) ? node.items : [node]) {
    const value: unknown = isScalar(item) ? item.value : undefined
    if (typeof value !== 'string' || value === '') {
      complain(`has to be a list of ${placeholder}, and has ${described(nodeOf(item))} in it`)
      return undefined
    }
    texts.push(value)
  }
  return texts
}

const MAX_SHOWN_CHARS = 40

function described(node: Node | null): string {
  if (isMap(node)) return 'a map'
  if (isSeq(node)) return 'a list'
  if (isAlias(node)) return 'an alias, which is not supported'
  const value: unknown = isScalar(node) ? node.value : null
  if (typeof value === 'string') return `the text "${value.slice(0, MAX_SHOWN_CHARS)}"`
  return typeof value === 'number' || typeof value === 'boolean' ? `${value}` : 'nothing'
}
