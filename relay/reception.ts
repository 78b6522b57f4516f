// Lets connections into a relay or turns them away, before anything is spent on them; ends handshakes that take too
// long, and connections that nobody uses.
import type {
  Connection,
  ConnectionGater,
  Libp2p,
  MultiaddrConnection,
  PeerId
} from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import { closeOrAbort } from '../shared/close-or-abort.ts'
import { DENIED } from './access/access.ts'
import type { Books } from './books.ts'
import type { Visit } from './door.ts'
import type { RelayListener } from './events.ts'
import { hostKey } from './host-key.ts'
import type { LimitName } from './limits.ts'
import type { OwnEnds } from './own-ends.ts'
import { showOut } from './show-out.ts'

export interface ReceptionConfig {
  books: Books
  /** Pass without being counted. */
  own: OwnEnds
  onEvent: RelayListener
  /** Has registrations, so that its connection is not idle. */
  isRegistered: (peer: string) => boolean
  /** Monotonic. */
  nowMs?: () => number
}

/** How late an idle connection may be closed. */
const LOOK_INTERVAL_MS = 1000
/** For the closing itself; then it is aborted. */
const CLOSE_MS = 1000

/** Everybody's pings and introductions are no use of a relay, and who waits to be told of members is one, or is not. */
const SMALL_TALK = /^\/(?:ipfs\/(?:ping|id)|parley\/meeting)\//

interface Handshake {
  /** Undefined for one that may be our own. */
  visit: Visit | undefined
  timer: NodeJS.Timeout
}

export class Reception implements Disposable {
  readonly #config: ReceptionConfig
  readonly #nowMs: () => number
  readonly #handshakes = new WeakMap<MultiaddrConnection, Handshake>()
  /** Open connections, and when each was last seen in use. */
  readonly #lastUsedMs = new Map<Connection, number>()
  #looking: NodeJS.Timeout | undefined

  constructor(config: ReceptionConfig) {
    this.#config = config
    this.#nowMs = config.nowMs ?? (() => performance.now())
  }

  /** For the node's configuration. */
  readonly gater: ConnectionGater = {
    denyInboundConnection: (maConn) => !this.#admit(maConn),
    denyInboundEncryptedConnection: (peer, maConn) => this.#isDenied(peer.toString(), maConn),
    denyInboundUpgradedConnection: (peer, maConn) => !this.#shakenHands(peer.toString(), maConn)
  }

  /** From here on connections are watched; before the node starts. */
  watch(node: Libp2p): void {
    node.addEventListener('connection:open', ({ detail: connection }) => {
      // One that is over by now has told so already, and nothing would end its entry.
      if (connection.status === 'open') this.#lastUsedMs.set(connection, this.#nowMs())
    })
    node.addEventListener('connection:close', ({ detail: connection }) => {
      this.#lastUsedMs.delete(connection)
    })
    this.#looking = setInterval(() => this.#look(), LOOK_INTERVAL_MS).unref()
  }

  [Symbol.dispose](): void {
    clearInterval(this.#looking)
  }

  /** Closes the connections of peers that have no circuit, and tells them so by it. */
  sendHome(): void {
    for (const connection of this.#lastUsedMs.keys()) {
      const peer = connection.remotePeer.toString()
      if (!this.#config.books.admission.hasCircuit(peer))
        void closeOrAbort(connection, AbortSignal.timeout(CLOSE_MS))
    }
  }

  /** Ends the connections of peers that are on the deny list now, and with them all that they have. */
  expelDenied(): void {
    for (const connection of this.#lastUsedMs.keys()) {
      if (!this.#isDenied(connection.remotePeer.toString(), connection, 'closed')) continue
      connection.abort(new Error(DENIED.reason))
    }
  }

  #isDenied(
    peer: string,
    { remoteAddr }: { remoteAddr: Multiaddr },
    action: 'refused' | 'closed' = 'refused'
  ): boolean {
    const { books, onEvent } = this.#config
    if (!books.access.isDenied(peer)) return false
    onEvent({ event: 'connection', host: hostKey(remoteAddr), peer, action, ...DENIED })
    return true
  }

  /** It got something wrong; when that cannot be mistakes any more its connections end. */
  readonly onOffence = (peer: PeerId): void => {
    const { books, own, onEvent } = this.#config
    if (own.peers.has(peer.toString())) return
    const tooMany = books.tooOffensive(peer.toString())
    if (tooMany === undefined) return
    for (const connection of this.#lastUsedMs.keys()) {
      if (connection.remotePeer.equals(peer)) showOut(connection, tooMany, onEvent)
    }
  }

  #admit(maConn: MultiaddrConnection): boolean {
    const { books } = this.#config
    const host = hostKey(maConn.remoteAddr)
    const own = !books.door.closed && this.#config.own.arrives(host)
    const visit = own ? undefined : this.#enter(host, maConn)
    if (visit === undefined && !own) return false
    const limit = 'handshake-seconds'
    const seconds = books.limits[limit]
    const timer = setTimeout(() => {
      this.#end(host, limit, `no handshake within ${seconds} s`)
      maConn.abort(new Error(`no handshake within ${seconds} s`))
    }, seconds * 1000)
    this.#handshakes.set(maConn, { visit, timer })
    maConn.addEventListener('close', () => clearTimeout(timer))
    return true
  }

  /** Undefined for one that has been turned away. */
  #enter(host: string, maConn: MultiaddrConnection): Visit | undefined {
    const { books, onEvent } = this.#config
    const visit = books.door.enter(host, this.#nowMs())
    if ('reason' in visit) {
      onEvent({ event: 'connection', host, action: 'refused', ...visit })
      return undefined
    }
    maConn.addEventListener('close', () => visit.left())
    return visit
  }

  /** False for a stranger in the place of one of our own ends, for whom there is no other. */
  #shakenHands(peer: string, maConn: MultiaddrConnection): boolean {
    const handshake = this.#handshakes.get(maConn)
    clearTimeout(handshake?.timer)
    const own = handshake?.visit === undefined && this.#config.own.peers.has(peer)
    const visit = own
      ? undefined
      : (handshake?.visit ?? this.#enter(hostKey(maConn.remoteAddr), maConn))
    visit?.shakenHands()
    return own || visit !== undefined
  }

  #look(): void {
    const nowMs = this.#nowMs()
    const seconds = this.#config.books.limits['idle-seconds']
    for (const [connection, lastUsedMs] of this.#lastUsedMs) {
      if (this.#inUse(connection)) this.#lastUsedMs.set(connection, nowMs)
      else if (nowMs - lastUsedMs >= seconds * 1000) {
        this.#lastUsedMs.delete(connection)
        const { remoteAddr, remotePeer } = connection
        const peer = remotePeer.toString()
        this.#end(hostKey(remoteAddr), 'idle-seconds', `unused for ${seconds} s`, { peer })
        void closeOrAbort(connection, AbortSignal.timeout(CLOSE_MS))
      }
    }
  }

  #inUse({ remotePeer, streams }: Connection): boolean {
    if (streams.some(({ protocol }) => !SMALL_TALK.test(protocol))) return true
    const peer = remotePeer.toString()
    if (this.#config.own.peers.has(peer)) return true
    return this.#config.books.admission.hasReservation(peer) || this.#config.isRegistered(peer)
  }

  #end(host: string, limit: LimitName, reason: string, who: { peer?: string } = {}): void {
    this.#config.onEvent({ event: 'connection', host, ...who, action: 'closed', reason, limit })
  }
}
