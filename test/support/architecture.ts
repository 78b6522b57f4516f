// The rules of the layout as functions from source text to complaints, so that each of them can be seen to fail. (pure)
import { posix } from 'node:path'

export interface Source {
  /** From the top of the repository, with forward slashes. */
  path: string
  text: string
}

/** Sentences that name the file and the rule; none when it keeps to it. */
export type Rule = (source: Source) => string[]

/** What the files of a folder at the top may import from. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  shared: ['shared', 'package.json'],
  relay: ['relay', 'shared'],
  peer: ['peer', 'shared'],
  test: ['test', 'relay', 'peer', 'shared', 'package.json']
}

/** Where the process and the console are: what starts, and the probe that Docker runs. */
const TOUCH_PROCESS = /^(?:peer\/main\.ts|relay\/main\.ts|relay\/health\.ts|shared\/launch\.js)$/

const TERMINAL_MODULE = /^node:(?:readline|tty)(?:\/|$)/
const PURE_NODE_MODULES = new Set(['node:path', 'node:util', 'node:buffer', 'node:url'])
const FORBIDDEN_WORDS = new Set([
  'index',
  'util',
  'utils',
  'helper',
  'helpers',
  'common',
  'manager'
])
const MAX_MAIN_LINES = 60

const COMMENT_OR_STRING =
  /\/\/[^\n]*|\/\*[\s\S]*?\*\/|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`/g

const withoutComments = (text: string): string =>
  text.replace(COMMENT_OR_STRING, (piece) => (/^\/[/*]/.test(piece) ? ' ' : piece))

/** Templates stay, as they have code in them. */
const withoutStrings = (text: string): string =>
  withoutComments(text).replace(/'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"/g, "''")

interface Import {
  specifier: string
  typeOnly: boolean
}

const IMPORT =
  /(?:^|[;\n}])\s*(?:import|export)\s+(type\s)?(?:[^'"`;]*?\sfrom\s*)?(['"])([^'"\n]+)\2|\bimport\(\s*(['"`])([^'"`\n]+)\4/g

/** Static and dynamic imports and re-exports, as they are written. */
export function importsOf(text: string): Import[] {
  return [...withoutComments(text).matchAll(IMPORT)].map((match) => ({
    specifier: match[3] ?? match[5] ?? '',
    typeOnly: match[1] !== undefined
  }))
}

const isProduct = ({ path }: Source): boolean => /^(?:relay|peer|shared)\//.test(path)
const topOf = (path: string): string => path.split('/', 1)[0] ?? ''

function targetOf(path: string, specifier: string): string | undefined {
  return specifier.startsWith('.') ? posix.join(posix.dirname(path), specifier) : undefined
}

/** shared <- relay, shared <- peer; relay and peer meet on the wire only; nothing but tests imports tests. */
export const importsPointTheRightWay: Rule = ({ path, text }) =>
  importsOf(text).flatMap(({ specifier }) => {
    const target = targetOf(path, specifier)
    if (target === undefined) {
      return specifier.startsWith('/') || specifier.startsWith('file:')
        ? [`${path} imports ${specifier} by an absolute path`]
        : []
    }
    if ((MAY_IMPORT[topOf(path)] ?? []).includes(topOf(target))) return []
    return [`${path} must not import ${target}`]
  })

const PROCESS =
  /(?<![\w.$-])(?:globalThis\s*\.\s*)?process(?:\s*\?\.|\s*\n\s*\.|\.\w|\[)|[=(,:]\s*process\s*[\n;),}]/
const CONSOLE = /(?<![\w.$-])console\s*\.\s*\w/

/** Arguments, signals, exit codes and standard streams come from main.ts. */
export const onlyMainTouchesProcess: Rule = (source) => {
  const { path, text } = source
  if (!isProduct(source) || TOUCH_PROCESS.test(path)) return []
  const code = withoutStrings(text)
  const complaints: string[] = []
  if (
    PROCESS.test(code) ||
    importsOf(text).some(({ specifier }) => /^(?:node:)?process$/.test(specifier))
  ) {
    complaints.push(`${path} touches the process, which only main.ts may`)
  }
  if (CONSOLE.test(code)) complaints.push(`${path} writes to the console, which only main.ts may`)
  return complaints
}

/** Line editing, raw mode and the question whether there is a person live in peer/terminal. */
export const onlyTerminalTouchesTerminal: Rule = (source) => {
  const { path, text } = source
  if (!isProduct(source) || path.startsWith('peer/terminal/')) return []
  const touches =
    importsOf(text).some(({ specifier }) =>
      TERMINAL_MODULE.test(specifier.replace(/^(?!node:)/, 'node:'))
    ) || /\.(?:isTTY|setRawMode|clearScreenDown|cursorTo)\b/.test(withoutStrings(text))
  return touches ? [`${path} touches the terminal, which only peer/terminal may`] : []
}

const OPENING = /^(?:#![^\n]*\n)?\s*((?:\/\/[^\n]*(?:\n|$))+|\/\*[\s\S]*?\*\/)/

/** A file says first what it is for. */
export const opensWithComment: Rule = ({ path, text }) =>
  OPENING.test(text) ? [] : [`${path} does not open with a comment that says what it is for`]

export const isPure = ({ text }: Source): boolean => /\bpure\b/i.test(OPENING.exec(text)?.[1] ?? '')

const IMPURE_CALL =
  /\bDate\.now\b|\bnew Date\(\s*\)|\bMath\.random\b|\bperformance\.now\b|(?<![\w.])(?:setTimeout|setInterval|setImmediate|fetch)\s*\(|\bAbortSignal\.timeout\b|\bgetRandomValues\b|\brandomUUID\b/

function impurities({ text }: Source): string[] {
  const imported = importsOf(text)
    .filter(({ typeOnly, specifier }) => !typeOnly && specifier.startsWith('node:'))
    .filter(({ specifier }) => !PURE_NODE_MODULES.has(specifier))
    .map(({ specifier }) => `imports ${specifier}`)
  const call = IMPURE_CALL.exec(withoutStrings(text))?.[0]
  return call === undefined ? imported : [...imported, `has ${call}`]
}

/** A file that calls itself pure does no I/O and is told the time. */
export const pureMeansPure: Rule = (source) =>
  isPure(source)
    ? impurities(source).map((what) => `${source.path} calls itself pure and ${what}`)
    : []

/** Some files have nothing to promise, such as one of error classes. */
const isPlain = (source: Source): boolean =>
  importsOf(source.text).length === 0 && impurities(source).length === 0

/** What a pure file imports has to be pure as well; only types may come from elsewhere. */
export const pureImportsPure =
  (sources: readonly Source[]): Rule =>
  (source) => {
    if (!isPure(source) || !isProduct(source)) return []
    return importsOf(source.text).flatMap(({ typeOnly, specifier }) => {
      const target = targetOf(source.path, specifier)
      const found = sources.find(({ path }) => path === target)
      if (typeOnly || found === undefined || isPure(found) || isPlain(found)) return []
      return [`${source.path} calls itself pure and imports ${found.path}, which does not`]
    })
  }

/** A name that says nothing collects everything. */
export const namesSayWhat: Rule = ({ path }) => {
  const words = path.toLowerCase().split(/[/.\-_]/)
  const empty = words.filter((word) => FORBIDDEN_WORDS.has(word))
  return empty.map((word) => `${path} is called "${word}": name its topic`)
}

/** What stands behind `skip`, or is given such a name; `NO_…` are made by `needs`. */
const LEFT_OUT =
  /\b(?:(?:skip)(?:: | = |\()|export const NO_\w+ = )(?!\)|false\b|string\b|needs\(|NO_\w+\b)([^,;}]*)/g

/** What is left out is decided in one place, so that it can be a fault. */
export const leavesOutWithReason: Rule = ({ path, text }) => {
  if (!path.startsWith('test/')) return []
  const code = withoutStrings(text).replaceAll(/\s+/g, ' ')
  return [...code.matchAll(LEFT_OUT)]
    .filter(([, decision = '']) => !/(?:^|&& )EXCUSED\.\w+/.test(decision))
    .map(([found]) => `${path} has "${found}", which test/support/left-out.ts has to decide`)
}

/** Programs are thin: arguments, signals, start, wait, stop. */
export const mainIsShort: Rule = (source) => {
  const { path, text } = source
  if (!isProduct(source) || posix.basename(path) !== 'main.ts') return []
  const lines = text.trimEnd().split('\n').length
  return lines <= MAX_MAIN_LINES ? [] : [`${path} has ${lines} lines, at most ${MAX_MAIN_LINES}`]
}

/** An empty list of files would let every other rule pass. */
export function everyFolderHasFiles(
  sources: readonly Source[],
  folders: readonly string[]
): string[] {
  return folders
    .filter((folder) => !sources.some(({ path }) => path.startsWith(`${folder}/`)))
    .map((folder) => `${folder}/ has no source files: the rules would be checked on nothing`)
}
