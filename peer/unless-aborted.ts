// A wait that a signal ends.

/** What comes of it, or the signal's reason when that comes first. Who waits hears of a failure; nobody has to. */
export function unlessAborted<Value>(work: Promise<Value>, signal: AbortSignal): Promise<Value> {
  const { promise, resolve, reject } = Promise.withResolvers<Value>()
  const aborted = (): void => reject(signal.reason)
  signal.addEventListener('abort', aborted, { once: true })
  if (signal.aborted) aborted()
  void work.then(resolve, reject).finally(() => signal.removeEventListener('abort', aborted))
  promise.catch(() => undefined)
  return promise
}
