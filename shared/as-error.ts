// Whatever was thrown, or given as the reason of an abort, as an error. (pure)

export function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason))
}
