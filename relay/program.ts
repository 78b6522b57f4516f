// `parley-relay` from its arguments to its exit code; everything of the process comes from `main.ts`.
import { UserError } from '../shared/errors.ts'
import { lockIdentity } from '../shared/identity-lock.ts'
import { loadOrCreateIdentity } from '../shared/identity.ts'
import { createLog } from '../shared/log.ts'
import { unknownVariables } from '../shared/variables.ts'
import { OPEN_TO_ALL } from './access/access.ts'
import { accessWords, sameAccess } from './access/words.ts'
import type { AnnouncedWatch, AnnouncedWatchInit } from './announced/watch.ts'
import type { RelaySettings } from './config.ts'
import type { RelayListener } from './events.ts'
import { loadSettings } from './load-settings.ts'
import type { Output } from './output.ts'
import { openFilesProblem } from './open-files.ts'
import type { Relay, RelayConfig } from './relay.ts'
import { reloadWords } from './reload.ts'
import type { Status, StatusConfig } from './status/status.ts'
import { addressBlock, eventWords, isRoutine } from './words.ts'

export interface RelayProgram {
  argv: readonly string[]
  env: Record<string, string | undefined>
  /** As `process.platform`. */
  platform: string
  version: string
  /** Undefined where the system does not say. */
  maxOpenFiles: number | undefined
  /** What starts a peer, but for its relay. */
  peerCommand: string
  /** Aborts when the relay is to stop once its circuits have ended. */
  stopping: AbortSignal
  /** Aborts when it is to stop at once. */
  signal: AbortSignal
  /** Takes what is to be called when the configuration is to be read again, once. */
  onReload: (listener: () => void) => void
  output: Output
}

/** Runs until the signal aborts. Never throws; resolves to 0 done, 1 failed, 2 wrong usage. */
export async function runRelay(program: RelayProgram): Promise<0 | 1 | 2> {
  try {
    await run(program)
    return 0
  } catch (error) {
    const asked = program.signal.aborted || program.stopping.aborted
    if (asked && !(error instanceof UserError)) return 0
    return program.output.fail(error)
  }
}

async function run(program: RelayProgram): Promise<void> {
  const loaded = await loadSettings(program, (sentence) => {
    program.output.error({ code: 'config-file', message: sentence })
  })
  // What is printed is for scripts, and no event.
  program.output.json = loaded.kind === 'run' && loaded.settings.json
  for (const message of unknownVariables(program.env)) program.output.warn('environment', message)
  if (loaded.kind === 'print') {
    program.output.print(loaded.text)
    return
  }
  const { settings, file } = loaded
  const onEvent = reporter(program, settings)
  if (file !== undefined) onEvent({ event: 'configuration', message: `configured by ${file}` })
  if (!sameAccess(settings.access, OPEN_TO_ALL))
    onEvent({ event: 'configuration', message: `access ${accessWords(settings.access)}` })
  const privateKey = await loadOrCreateIdentity(settings.identityFile)
  await using held = new AsyncDisposableStack()
  held.use(lockIdentity(settings.identityFile))
  const asked = AbortSignal.any([program.signal, program.stopping])
  const { status: endpoint } = settings
  const status = endpoint && held.use(await openStatus({ endpoint, onEvent }, asked))
  warnOfOpenFiles(program, settings, onEvent)
  const relay = held.use(await start(program, { ...settings, privateKey }, onEvent))
  const inForce = keepReloading(program, relay, { settings, onEvent })
  const announced = held.use(await watchAnnounced({ ...settings, relay, onEvent }, asked))
  if (status !== undefined) {
    onEvent({ event: 'status', url: status.url })
    await status.show(relay, () => announced.warnings)
  }
  await aborted(asked)
  await relay.drain(inForce().drainSeconds, program)
}

/** While a relay starts it has nothing to drain: told to stop, it stops at once. */
async function start(
  { signal, stopping }: RelayProgram,
  config: RelayConfig,
  onEvent: RelayListener
): Promise<Relay> {
  // Loaded when needed: wrong usage and --help need not wait for libp2p.
  const { startRelay } = await import('./relay.ts')
  const starting = new AbortController()
  const giveUp = (): void => starting.abort(stopping.reason)
  stopping.addEventListener('abort', giveUp)
  if (stopping.aborted) giveUp()
  try {
    return await startRelay(config, { signal: AbortSignal.any([signal, starting.signal]), onEvent })
  } finally {
    stopping.removeEventListener('abort', giveUp)
  }
}

/** Reads the configuration again when asked to; returns what gives the settings in force. */
function keepReloading(
  program: RelayProgram,
  relay: Relay,
  { settings, onEvent }: { settings: RelaySettings; onEvent: RelayListener }
): () => RelaySettings {
  const tell = (message: string): void => onEvent({ event: 'configuration', message })
  let inForce = settings
  const reload = async (): Promise<void> => {
    const problems: string[] = []
    try {
      const loaded = await loadSettings(program, (sentence) => problems.push(sentence))
      if (loaded.kind === 'print') return
      relay.reload(loaded.settings)
      const { settings: next, overruled } = loaded
      for (const line of reloadWords(settings, inForce, next, overruled)) tell(line)
      inForce = next
      warnOfOpenFiles(program, inForce, onEvent)
    } catch (error) {
      problems.push(error instanceof UserError ? error.message : String(error))
      for (const problem of problems) tell(`not reloaded, everything is as it was: ${problem}`)
    }
  }
  let reloading = Promise.resolve()
  program.onReload(() => void (reloading = reloading.then(reload)))
  return () => inForce
}

function warnOfOpenFiles(
  { maxOpenFiles }: RelayProgram,
  { limits }: RelaySettings,
  onEvent: RelayListener
): void {
  const message = openFilesProblem(limits, maxOpenFiles)
  if (message !== undefined) onEvent({ event: 'warning', code: 'open-files', message })
}

async function aborted(signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  signal.addEventListener('abort', () => resolve(), { once: true })
  if (signal.aborted) resolve()
  return promise
}

async function openStatus(config: StatusConfig, signal: AbortSignal): Promise<Status> {
  const { startStatus } = await import('./status/status.ts')
  return startStatus(config, { signal })
}

async function watchAnnounced(
  init: AnnouncedWatchInit,
  signal: AbortSignal
): Promise<AnnouncedWatch> {
  const { startAnnouncedWatch } = await import('./announced/watch.ts')
  return startAnnouncedWatch(init, { signal })
}

function reporter({ output, peerCommand }: RelayProgram, settings: RelaySettings): RelayListener {
  const { json, verbose, access } = settings
  if (json) return (event) => output.event(event)
  const rest = access.secrets.length === 0 ? '' : ' --secret-file FILE'
  const log = createLog({ write: output.say, verbose })
  return (event) => {
    if (event.event === 'listening') output.print(addressBlock(event.addresses, peerCommand, rest))
    const words = eventWords(event)
    if (words === undefined) return
    if (isRoutine(event)) log.verbose(words)
    else log.info(words)
  }
}
