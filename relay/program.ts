// `parley-relay` from its arguments to its exit code; everything of the process comes from `main.ts`.
import { resolveConfig } from '../shared/config.ts'
import { UserError } from '../shared/errors.ts'
import { harmless } from '../shared/harmless.ts'
import { lockIdentity } from '../shared/identity-lock.ts'
import { loadOrCreateIdentity } from '../shared/identity.ts'
import { isJsonAsked } from '../shared/json-asked.ts'
import { createLog } from '../shared/log.ts'
import { jsonLine } from '../shared/json-line.ts'
import { RELAY_COMMAND, relaySettings, type RelaySettings } from './config.ts'
import type { RelayEvent, RelayListener } from './events.ts'
import type { Status, StatusConfig } from './status/status.ts'
import { addressBlock, eventWords, isRoutine } from './words.ts'

export interface RelayProgram {
  argv: readonly string[]
  env: Record<string, string | undefined>
  /** As `process.platform`. */
  platform: string
  version: string
  /** What starts a peer, but for its relay. */
  peerCommand: string
  /** Aborts when the relay is to stop. */
  signal: AbortSignal
  /** Standard output: data. */
  print: (text: string) => void
  /** Standard error: talk. */
  say: (text: string) => void
}

/** Runs until the signal aborts. Never throws; resolves to 0 done, 1 failed, 2 wrong usage. */
export async function runRelay(program: RelayProgram): Promise<0 | 1 | 2> {
  try {
    await run(program)
    return 0
  } catch (error) {
    if (program.signal.aborted && !(error instanceof UserError)) return 0
    return fail(program, error)
  }
}

async function run(program: RelayProgram): Promise<void> {
  const config = resolveConfig(RELAY_COMMAND, program)
  if (config.kind === 'print') {
    program.print(config.text)
    return
  }
  const settings = relaySettings(config, program)
  // Loaded when needed: wrong usage and --help need not wait for libp2p.
  const { startRelay } = await import('./relay.ts')
  const { signal } = program
  const privateKey = await loadOrCreateIdentity(settings.identityFile)
  await using held = new AsyncDisposableStack()
  held.use(lockIdentity(settings.identityFile))
  const onEvent = reporter(program, settings)
  const { status: endpoint } = settings
  const status = endpoint && held.use(await openStatus({ endpoint, onEvent }, signal))
  const relay = held.use(await startRelay({ ...settings, privateKey }, { signal, onEvent }))
  if (status !== undefined) {
    onEvent({ event: 'status', url: status.url })
    await status.show(relay)
  }
  const stop = Promise.withResolvers<void>()
  signal.addEventListener('abort', () => stop.resolve(), { once: true })
  if (signal.aborted) stop.resolve()
  await stop.promise
}

async function openStatus(config: StatusConfig, signal: AbortSignal): Promise<Status> {
  const { startStatus } = await import('./status/status.ts')
  return startStatus(config, { signal })
}

function reporter(program: RelayProgram, { json, verbose }: RelaySettings): RelayListener {
  if (json) return (event) => program.print(eventLine(event))
  const log = createLog({ write: program.say, verbose })
  return (event) => {
    if (event.event === 'listening')
      program.print(addressBlock(event.addresses, program.peerCommand))
    const words = eventWords(event)
    if (words === undefined) return
    if (isRoutine(event)) log.verbose(words)
    else log.info(words)
  }
}

function eventLine(event: RelayEvent): string {
  const { event: name, ...fields } = event
  return `${jsonLine({ event: name, at: new Date().toISOString(), ...fields })}\n`
}

function fail({ argv, env, print, say }: RelayProgram, error: unknown): 1 | 2 {
  const known =
    error instanceof UserError
      ? error
      : new UserError('unexpected', `parley-relay failed unexpectedly: ${String(error)}`)
  say(`${harmless(known.message)}\n`)
  // The options themselves may be what is wrong, so this looks at them as they were typed.
  if (isJsonAsked(argv, env)) {
    print(eventLine({ event: 'error', code: known.code, message: known.message }))
  }
  return known.exitCode
}
