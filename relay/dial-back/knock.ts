// One connection to somebody who asked for it, on which nothing is said.
import net from 'node:net'
import { deadline } from '../../shared/deadline.ts'
import { callOff } from '../../shared/transport/connect-from.ts'
import type { DialBackOutcome } from '../../shared/wire/dial-back.ts'

/** The kernel repeats a lost SYN after one second. */
export const KNOCK_MS = 2_000

/**
 * From a port that the system chooses: nobody's NAT has a mapping towards it. Reset as soon as it stands. Rejects with
 * the signal's reason alone.
 */
export async function knock(
  target: { host: string; port: number },
  { signal, forMs = KNOCK_MS }: { signal: AbortSignal; forMs?: number }
): Promise<DialBackOutcome> {
  signal.throwIfAborted()
  using limit = deadline(signal, forMs, 'no answer in time')
  const { promise, resolve } = Promise.withResolvers<DialBackOutcome>()
  const socket = net.connect(target)
  socket.once('connect', () => resolve('connected'))
  socket.on('error', (error: NodeJS.ErrnoException) => resolve(outcomeOf(error.code)))
  limit.signal.addEventListener('abort', () => resolve('silent'), { once: true })
  try {
    const outcome = await promise
    signal.throwIfAborted()
    return outcome
  } finally {
    callOff(socket)
  }
}

/** A host or network that is not reached says nothing of what its NAT does. */
function outcomeOf(code: string | undefined): DialBackOutcome {
  if (code === 'ECONNREFUSED' || code === 'ECONNRESET') return 'refused'
  return code === 'ETIMEDOUT' ? 'silent' : 'unable'
}
