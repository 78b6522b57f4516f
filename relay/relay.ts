// A relay: one libp2p node that gives out reservations and circuits, and keeps the rooms' registrations.
import type { Libp2p, PrivateKey } from '@libp2p/interface'
import { multiaddr, type Multiaddr } from '@multiformats/multiaddr'
import type { PunchReport } from '../shared/wire/report.ts'
import { OPEN_TO_ALL, type AccessRules } from './access/access.ts'
import { startAccessServer, type AccessServer } from './access/server.ts'
import { assemble } from './assemble.ts'
import { Books } from './books.ts'
import { Bulletin } from './bulletin.ts'
import { startDialBackServer } from './dial-back/server.ts'
import { drain } from './drain.ts'
import type { RelayListener } from './events.ts'
import { DEFAULT_LIMITS, type LimitName, type RelayLimits, type Usage } from './limits.ts'
import { ipv6Problem, listenError } from './listening.ts'
import { OwnEnds } from './own-ends.ts'
import { Reception } from './reception.ts'
import { reflectPlaces, type ReflectPort } from './reflect/places.ts'
import { startReflector } from './reflect/reflector.ts'
import type { RendezvousServer } from './rendezvous/server.ts'
import { serveReports } from './reports.ts'
import { serveRooms, type ServedRooms, type ServeRoomsOptions } from './serve-rooms.ts'
import { insidesOf } from './status/insides.ts'
import { takeSnapshot, type RelaySnapshot } from './status/snapshot.ts'
import type { Tally } from './status/tally.ts'

/** What may change while the relay runs. What is left out is as it is by default. */
export interface ReloadableSettings {
  limits?: Partial<RelayLimits>
  access?: Partial<AccessRules>
}

export interface RelayConfig extends ReloadableSettings {
  privateKey: PrivateKey
  /** Multiaddrs; port 0 lets the system choose. An IPv6 one is skipped on a machine without IPv6. */
  listen: string[]
  /** Multiaddrs told to others before the relay's own. */
  announce: string[]
  /** Where it tells peers at which address it sees them; `beside` its own ports by default. */
  reflectPort?: ReflectPort | undefined
  /** URL of the store of rooms that it shares with other relays; absent: its own memory. */
  rooms?: string | undefined
}

export interface Relay extends AsyncDisposable {
  readonly peerId: string
  /** Full, with `/p2p/…`; announced ones first, then public, private, loopback. */
  readonly addresses: string[]
  /** Those of the addresses at which it listens itself. */
  readonly listening: string[]
  /** What is reserved, relayed and refused, at this moment and since the start. */
  snapshot(): RelaySnapshot
  /** Of its own self-check. */
  readonly own: OwnEnds
  /** How often each limit has refused or ended something. */
  readonly refusals: Readonly<Record<LimitName, number>>
  /** How full the limits are that can be full. */
  usage(): Usage[]
  /** Circuits, reservations and registrations that there are stay as they are, but for those of peers that are denied now. */
  reload(settings: ReloadableSettings): void
  /** It is about to stop, and refuses what is new. */
  readonly draining: boolean
  /** Why nobody can join a room at the moment; undefined when they can. */
  readonly roomsProblem: string | undefined
  /** Refuses what is new, and resolves when no circuit is left or the time is up; the relay is then to be disposed. */
  drain(seconds: number, options: { signal: AbortSignal }): Promise<void>
  /** Returns what ends the subscription. */
  subscribe(listener: RelayListener): () => void
}

export interface RelayOptions {
  /** Stops the relay. */
  signal: AbortSignal
  /** From the first event, `listening`, on. */
  onEvent?: RelayListener
}

/** Resolves once the relay serves. Throws a UserError, one sentence, when it cannot listen. */
export async function startRelay(config: RelayConfig, options: RelayOptions): Promise<Relay> {
  options.signal.throwIfAborted()
  const books = new Books(DEFAULT_LIMITS)
  obey(config, books)
  const bulletin = new Bulletin(books.limits)
  const emit = bulletin.note
  if (options.onEvent !== undefined) bulletin.subscribe(options.onEvent)
  const own = new OwnEnds()
  let rendezvous: RendezvousServer | undefined
  const isRegistered = (peer: string): boolean => rendezvous?.isRegistered(peer) ?? false
  const reception = new Reception({ books, own, onEvent: emit, isRegistered })
  await using starting = new AsyncDisposableStack()
  starting.use(reception)
  const assembled = await assemble({ ...config, books, own, reception, onEvent: emit })
  const { node, addresses } = assembled
  starting.defer(async () => node.stop())
  const { onOffence } = reception
  const { tally } = bulletin
  const keeping = { onEvent: emit, onOffence, books, parts: starting, tally, addresses }
  const beside = await serveBeside(node, config, { ...keeping, signal: options.signal })
  const { rooms, meetings, access } = beside
  rendezvous = rooms
  await listen(node, config, assembled.listening, options)
  const places = reflectPlaces(config.listen, config.reflectPort ?? 'beside')
  starting.use(await startReflector(node, { ...config, places, books, onEvent: emit }, options))
  const stop = stopOnce(starting.move(), emit, options)
  const peerId = node.peerId.toString()
  const refusals = bulletin.refusals.counts
  const usage = (): Usage[] => [...books.usage(), ...rooms.usage()]
  const insides = insidesOf(node, { addresses, rooms, books, own, usage, refusals })
  emit({ event: 'listening', peerId, addresses: addresses() })
  return {
    peerId,
    get addresses() {
      return addresses()
    },
    get listening() {
      return assembled.listening()
    },
    snapshot: () => takeSnapshot(insides, bulletin.tally, Date.now()),
    own,
    refusals,
    usage,
    reload(settings) {
      obey(settings, books)
      access.follow()
      reception.expelDenied()
    },
    get draining() {
      return books.admission.draining
    },
    get roomsProblem() {
      return rooms.problem
    },
    drain: async (seconds, { signal: hurry }) =>
      drain({ books, reception, meetings }, { seconds, onEvent: emit, signal: hurry }),
    subscribe: (listener) => bulletin.subscribe(listener),
    [Symbol.asyncDispose]: stop
  }
}

/** What peers ask of a relay beside circuits. All of it ends with `parts`. */
async function serveBeside(
  node: Libp2p,
  { rooms }: RelayConfig,
  init: ServeRoomsOptions & { tally: Tally; addresses: () => string[] }
): Promise<ServedRooms & { access: AccessServer }> {
  const onReport = (report: PunchReport): void => init.tally.notePunch(report)
  await serveReports(node, { ...init, onReport }, init)
  const addresses = (): Multiaddr[] => init.addresses().map((address) => multiaddr(address))
  init.parts.use(await startDialBackServer(node, { ...init, addresses }, init))
  return {
    ...(await serveRooms(node, rooms, init)),
    access: init.parts.use(await startAccessServer(node, init, init))
  }
}

function obey({ limits, access }: ReloadableSettings, books: Books): void {
  books.reload({ ...DEFAULT_LIMITS, ...limits })
  books.access.reload({ ...OPEN_TO_ALL, ...access })
}

/** Stops once, when asked or when the signal aborts; twice is as good as once. */
function stopOnce(
  running: AsyncDisposableStack,
  emit: RelayListener,
  { signal }: { signal: AbortSignal }
): () => Promise<void> {
  let stopping: Promise<void> | undefined
  const stop = async (): Promise<void> => {
    signal.removeEventListener('abort', onAbort)
    await running.disposeAsync().catch((error: unknown) => {
      const message = `the relay did not stop cleanly: ${String(error)}`
      emit({ event: 'error', code: 'stop-failed', message })
    })
    emit({ event: 'stopped' })
  }
  const onAbort = (): void => {
    stopping ??= stop()
  }
  signal.addEventListener('abort', onAbort)
  return async () => (stopping ??= stop())
}

async function listen(
  node: Libp2p,
  config: RelayConfig,
  listening: () => string[],
  options: { signal: AbortSignal }
): Promise<void> {
  try {
    await node.start()
  } catch (error) {
    throw listenError(error)
  }
  const problem = await ipv6Problem(config.listen, listening(), options)
  if (problem !== undefined) throw problem
  options.signal.throwIfAborted()
}
