// A strict reader of Prometheus' text format, version 0.0.4: throws where a scraper would give up. (pure)
const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*'
const LABEL = '[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\\\\n]|\\\\["\\\\n])*"'
const SAMPLE = new RegExp(`^(${NAME})(?:\\{(${LABEL}(?:,${LABEL})*)?,?\\})? (\\S+)$`)
const COMMENT = new RegExp(
  `^# (?:HELP (${NAME}) .*|TYPE (${NAME}) (counter|gauge|histogram|summary|untyped))$`
)

export interface Exposition {
  /** By name, without the suffixes of histograms. */
  types: Map<string, string>
  /** `name{labels}` → value. */
  samples: Map<string, number>
}

export function parsePrometheus(text: string): Exposition {
  const types = new Map<string, string>()
  const samples = new Map<string, number>()
  if (!text.endsWith('\n')) throw new Error('it does not end in a newline')
  for (const line of text.split('\n')) {
    if (line === '') continue
    if (line.startsWith('#')) {
      const [, , typed, type = ''] = COMMENT.exec(line) ?? fail(line)
      if (typed !== undefined && types.has(typed)) throw new Error(`two types of ${typed}`)
      if (typed !== undefined) types.set(typed, type)
      continue
    }
    const [, name = '', labels = '', value = ''] = SAMPLE.exec(line) ?? fail(line)
    const number = Number(value.replace(/^([+-]?)Inf$/, '$1Infinity'))
    // Prometheus reads any case, and prom-client writes "Nan".
    if (Number.isNaN(number) && value.toLowerCase() !== 'nan') throw new Error(`no number: ${line}`)
    const base = name.replace(/_(?:bucket|sum|count)$/, '')
    if (!types.has(name) && !types.has(base)) throw new Error(`a sample without a type: ${line}`)
    const key = labels === '' ? name : `${name}{${labels}}`
    if (samples.has(key)) throw new Error(`twice: ${key}`)
    samples.set(key, number)
  }
  return { types, samples }
}

function fail(line: string): never {
  throw new Error(`not in the format: ${line}`)
}
