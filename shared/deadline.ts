// A signal that also aborts after a time, and that leaves neither timer nor listener behind when it is disposed.
// (AbortSignal.timeout keeps its timer until it fires, which is minutes of garbage for a busy server.)

export interface Deadline extends Disposable {
  readonly signal: AbortSignal
}

/** Aborts with the reason of `signal`, or after `ms` with an Error that says `what`. */
export function deadline(signal: AbortSignal, ms: number, what: string): Deadline {
  const controller = new AbortController()
  const onAbort = (): void => controller.abort(signal.reason)
  const timer = setTimeout(() => controller.abort(new Error(what)), ms)
  if (signal.aborted) onAbort()
  else signal.addEventListener('abort', onAbort, { once: true })
  return {
    signal: controller.signal,
    [Symbol.dispose]() {
      clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
    }
  }
}
