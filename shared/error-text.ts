// What the network and the library say when something fails, to be searched for what is known. (pure)

/** Names, codes and messages of an error, of those it gathers and of what caused it. */
export function everyText(error: unknown, depth = 0): string {
  if (!(error instanceof Error) || depth > 4) return String(error)
  const code = 'code' in error ? String(error.code) : ''
  const inner = error instanceof AggregateError ? error.errors : []
  return [
    error.name,
    code,
    error.message,
    ...[...inner, error.cause].map((each) => everyText(each, depth + 1))
  ].join(' ')
}
