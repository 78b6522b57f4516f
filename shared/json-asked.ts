// Whether events are asked for as JSON, as far as a command line tells that may be wrong in other places. (pure)

const ON = ['1', 'true', 'yes', 'on']

/** The last of `--json` and `--no-json` before `--`, else what PARLEY_JSON says. */
export function isJsonAsked(
  argv: readonly string[],
  env: Record<string, string | undefined>
): boolean {
  const end = argv.indexOf('--')
  const options = end === -1 ? argv : argv.slice(0, end)
  const last = options.findLast((each) => each === '--json' || each === '--no-json')
  if (last !== undefined) return last === '--json'
  return ON.includes(env['PARLEY_JSON']?.trim().toLowerCase() ?? '')
}
