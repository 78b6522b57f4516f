// Lines from a pipe wait for the room: what is said before any relay lets us in would reach nobody.
import { deadline } from '../../shared/deadline.ts'
import { UserError } from '../../shared/errors.ts'

/** What a pipe may say ahead; whoever says more is a file, and is read on when there is a room. */
const MAX_HELD_LINES = 1_000

export interface PipedLinesInit {
  lines: AsyncIterable<string>
  /** Whether a line is of no use outside of the room. */
  needsRoom: (line: string) => boolean
  joined: (signal: AbortSignal) => Promise<void>
  /** From the end of the input, or from more than is held, to giving up. */
  timeoutMs: number
}

/**
 * Yields every line in order. Those that need the room, and those behind them, come once we are in it; a pipe that
 * stays open waits for ever. Throws a UserError when the input is over and no relay has let us in in time.
 */
export async function* pipedLines(
  { lines, needsRoom, joined, timeoutMs }: PipedLinesInit,
  { signal }: { signal: AbortSignal }
): AsyncGenerator<string> {
  const reader = lines[Symbol.asyncIterator]()
  const entered = joined(signal).then(
    () => 'in' as const,
    () => 'aborted' as const
  )
  const held: string[] = []
  let next = reader.next()
  try {
    while (held.length < MAX_HELD_LINES) {
      const step = await Promise.race([entered, next])
      if (step === 'aborted') return
      if (step === 'in' || step.done === true) break
      next = reader.next()
      if (held.length > 0 || needsRoom(step.value)) held.push(step.value)
      else yield step.value
    }
    await inTime(joined, held.length === 0 ? 0 : timeoutMs, signal)
    if (signal.aborted) return
    yield* held
    for (let step = await next; step.done !== true; step = await reader.next()) yield step.value
  } finally {
    // Not waited for: it may be in the middle of a read that only the next line ends.
    void reader.return?.().catch(() => undefined)
  }
}

/** Returns when we are in the room or asked to leave. */
async function inTime(
  joined: PipedLinesInit['joined'],
  timeoutMs: number,
  signal: AbortSignal
): Promise<void> {
  using limit = deadline(signal, timeoutMs, 'nobody has let us in in time')
  try {
    await joined(limit.signal)
  } catch {
    if (signal.aborted) return
    throw new UserError(
      'no-relay',
      timeoutMs === 0
        ? 'no relay has let us into the room: see above what is wrong with it'
        : `no relay has let us into the room within ${timeoutMs / 1000} s, so nothing that was piped in was sent: see above what is wrong with it, or try again later`
    )
  }
}
