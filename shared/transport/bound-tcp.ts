// @libp2p/tcp, made to listen and dial from one port. The library dials from an ephemeral port, so the
// address that a relay observes leads nowhere (js-libp2p #2620); this wraps just its dial and its listener.
import { lookup } from 'node:dns/promises'
import type { Socket } from 'node:net'
import type {
  Connection,
  CreateListenerOptions,
  Listener,
  MultiaddrConnection,
  Transport,
  Upgrader,
  UpgraderOptions
} from '@libp2p/interface'
import { tcp, type TCPComponents, type TCPDialOptions } from '@libp2p/tcp'
import { multiaddr, type Multiaddr } from '@multiformats/multiaddr'
import { tcpEndpoint, type TcpEndpoint } from '../addresses.ts'
import { adoptSockets } from './adopt-sockets.ts'
import { connectFrom } from './connect-from.ts'
import type { LocalEnds } from './local-ends.ts'
import { bindBeside, type PortReuse } from './port-reuse.ts'
import type { PunchTable } from './punch-table.ts'
import { punchingUpgrader } from './punching-upgrader.ts'

/**
 * Where a dial leaves from. `listening`: the port that NATs have mapped. `ephemeral`: any other; for tries that
 * must not leave traces on the addresses of a later punch.
 */
export type DialSource = 'listening' | 'ephemeral'

export interface BoundDialOptions extends TCPDialOptions {
  source?: DialSource
  /** Already connected, to the address that is dialled: it is upgraded, and nothing is dialled. */
  socket?: Socket
  /** A punch: a busy 4-tuple then means that the other side's SYN was first, and is not dialled around. */
  punch?: boolean
  /** The socket is connected, and its handshakes begin. */
  onConnect?: () => void
}

export interface BoundTcpInit {
  punches: PunchTable
  reuse: PortReuse
  /** Is told what is listened on. */
  localEnds: LocalEnds
}

/** The library cuts a socket after 2 quiet minutes; here pings decide who is gone. */
const NEVER_MS = 0

/** The library passes these on to `server.listen`, whatever their type says. */
const SHARED_PORT = { noDelay: true, reusePort: true }

/** The transport's factory, as `createNode` wants it. */
export function boundTcp(init: BoundTcpInit): (components: TCPComponents) => Transport {
  return (components) => {
    const inner = tcp({
      listenOpts: init.reuse.available ? SHARED_PORT : {},
      inboundSocketInactivityTimeout: NEVER_MS,
      outboundSocketInactivityTimeout: NEVER_MS
    })(components)
    adoptSockets(inner)
    return wrap(inner, init)
  }
}

function wrap(inner: Transport, { punches, reuse, localEnds }: BoundTcpInit): Transport {
  const dial = inner.dial.bind(inner)
  const createListener = inner.createListener.bind(inner)

  inner.dial = (address: Multiaddr, options: BoundDialOptions): Promise<Connection> =>
    whileDialling(options.signal, (signal, connected) => {
      const upgrader = telling(punchingUpgrader(options.upgrader, punches), (maConn) => {
        connected(maConn)
        options.onConnect?.()
      })
      return dialOnce(address, { ...options, signal, upgrader })
    })

  async function dialOnce(named: Multiaddr, options: BoundDialOptions): Promise<Connection> {
    const address = await resolve(named, options.signal)
    options.signal.throwIfAborted()
    if (options.socket !== undefined) return dial(address, options)
    const target = tcpEndpoint(address)
    const isShared = reuse.available && options.source !== 'ephemeral'
    const local = isShared && target !== undefined ? localEnds.towards(target.host) : undefined
    if (target === undefined || local === undefined) return dial(address, options)
    const handle = bindBeside(local.host, local.port)
    try {
      const socket = await connectFrom(handle, target, options.signal)
      const connected: BoundDialOptions = { ...options, socket }
      return await dial(address, connected)
    } catch (error) {
      // The last connection between these two ports is not over yet (TIME_WAIT): go from another port.
      if (options.punch === true || !isAddressBusy(error)) throw error
      return dial(address, options)
    }
  }

  inner.createListener = (options: CreateListenerOptions): Listener => {
    const listener = createListener({
      ...options,
      upgrader: punchingUpgrader(options.upgrader, punches)
    })
    const listen = listener.listen.bind(listener)
    listener.listen = async (address) => {
      await listen(address)
      for (const bound of boundTo(address, listener)) localEnds.add(bound)
    }
    return listener
  }
  return inner
}

/**
 * Node destroys a socket when the signal of its dial aborts, however long ago that dial has ended. The dial gets a
 * signal of its own, which lets go of the caller's: a deadline must not close the connection that met it. And a socket
 * that is connected by then is reset: a FIN would keep its 4-tuple, on which the next round punches, for a minute.
 */
async function whileDialling<T>(
  signal: AbortSignal,
  dial: (signal: AbortSignal, connected: (maConn: MultiaddrConnection) => void) => Promise<T>
): Promise<T> {
  signal.throwIfAborted()
  const dialling = new AbortController()
  let socket: MultiaddrConnection | undefined
  const abort = (): void => {
    socket?.abort(new Error('the dial was called off', { cause: signal.reason }))
    dialling.abort(signal.reason)
  }
  signal.addEventListener('abort', abort, { once: true })
  try {
    return await dial(dialling.signal, (maConn) => (socket = maConn))
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

/** Tells of the socket when it is connected and its handshakes begin. */
function telling(upgrader: Upgrader, connected: (maConn: MultiaddrConnection) => void): Upgrader {
  return {
    ...upgrader,
    upgradeOutbound: (maConn: MultiaddrConnection, options: UpgraderOptions) => {
      connected(maConn)
      return upgrader.upgradeOutbound(maConn, options)
    }
  }
}

/**
 * Resolves a DNS name here: with a bound handle, Node's own dial would try families that the handle is not of, and the
 * connection would not say where it leads.
 */
async function resolve(address: Multiaddr, signal: AbortSignal): Promise<Multiaddr> {
  const endpoint = tcpEndpoint(address)
  if (endpoint === undefined || !endpoint.named) return address
  signal.throwIfAborted()
  const { address: host, family } = await lookup(endpoint.host, { family: endpoint.family })
  const [, ...rest] = address.getComponents()
  return multiaddr(`/ip${family}/${host}`).encapsulate(multiaddr(rest))
}

/** The listen address with the port that the system gave. */
function boundTo(address: Multiaddr, listener: Listener): TcpEndpoint[] {
  const asked = tcpEndpoint(address)
  const port = listener.getAddrs().map(tcpEndpoint)[0]?.port
  return asked === undefined || port === undefined ? [] : [{ ...asked, port }]
}

function isAddressBusy(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EADDRNOTAVAIL'
}
