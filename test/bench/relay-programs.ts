// The relays that are compared, each a process on loopback: ours, and those of go-libp2p and rust-libp2p.
// The foreign ones are not part of the repository; both listen on port 4001 and have no limits.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

export interface RunningRelay extends AsyncDisposable {
  pid: number
  /** On loopback, with `/p2p/…`. */
  address: string
}

export type StartRelay = (options: { signal: AbortSignal }) => Promise<RunningRelay>

const START_MS = 20_000
const FOREIGN_ADDRESS = '/ip4/127.0.0.1/tcp/4001'

/**
 * As the image sets it: of the 16 MiB that Node takes else a relay gets nothing, and 1 MiB is so little that what a
 * handshake needs for its round trips outlives the collections.
 */
const YOUNG_HEAP = '--max-semi-space-size=4'

/** `flags`: for Node, such as those of its profiler. */
export function ourRelay(flags: readonly string[] = []): StartRelay {
  const program = join(import.meta.dirname, 'open-relay-program.ts')
  const args = [YOUNG_HEAP, ...flags, program]
  return async (options) => start(process.execPath, args, /^RELAY (\S+)/m, options)
}

export function foreignRelay(program: string): StartRelay {
  // go prints its id behind RELAY, rust behind ID.
  return async (options) => {
    const relay = await start(program, ['relay'], /^(?:RELAY|ID) (\S+)/m, options)
    return { ...relay, address: `${FOREIGN_ADDRESS}/p2p/${relay.address}` }
  }
}

async function start(
  program: string,
  args: readonly string[],
  told: RegExp,
  { signal }: { signal: AbortSignal }
): Promise<RunningRelay> {
  signal.throwIfAborted()
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const stop = async (): Promise<void> => end(child)
  try {
    const address = await firstMatch(
      child,
      told,
      AbortSignal.any([signal, AbortSignal.timeout(START_MS)])
    )
    if (child.pid === undefined) throw new Error('it has no process id')
    return { pid: child.pid, address, [Symbol.asyncDispose]: stop }
  } catch (cause) {
    await stop()
    throw new Error(`failed to start the relay ${program}`, { cause })
  }
}

async function firstMatch(child: ChildProcess, told: RegExp, signal: AbortSignal): Promise<string> {
  const found = Promise.withResolvers<string>()
  let text = ''
  child.stdout?.setEncoding('utf8').on('data', (more: string) => {
    text += more
    const match = told.exec(text)?.[1]
    if (match !== undefined) found.resolve(match)
  })
  child.once('error', found.reject)
  child.once('exit', () => found.reject(new Error(`it ended and said: ${text}`)))
  signal.addEventListener('abort', () => found.reject(signal.reason), { once: true })
  return found.promise
}

/** By SIGTERM, so that a profile is written; what does not go is killed. */
async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), END_MS)
  await ended
  clearTimeout(timer)
}

const END_MS = 5_000
