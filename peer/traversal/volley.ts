// Fires many sockets at a measured pace until one is a connection to the peer: for NATs that give every destination
// another port, where a single try meets by chance only. What has not won is closed at once.
import net, { type Socket } from 'node:net'
import { multiaddr } from '@multiformats/multiaddr'
import { callOff } from '../../shared/transport/connect-from.ts'
import { bindBeside } from '../../shared/transport/port-reuse.ts'
import { HOLD_MS } from './head-start.ts'
import type { TransportDial } from './punch.ts'
import { BATCH_INTERVAL_MS, type VolleyPace } from './volley-pace.ts'

/** One socket to open. */
export interface Shot {
  host: string
  port: number
  /** Leaves from there, beside the listener; otherwise from a port that the system chooses. */
  local?: { host: string; port: number }
}

export interface VolleyInit {
  peer: string
  /** Speaks first on the connection, and so decides which one it will be. */
  initiator: boolean
  /** Of the relayed path: the direct one, as a rule, is shorter. */
  rttMs: number
  shots: Iterator<Shot, void>
  /** Open at once. */
  maxOpen: number
  maxShots: number
  dial: TransportDial
  pace: VolleyPace
  /** All shots are fired, and nothing has come of any. */
  onOver: () => void
}

/**
 * Several may connect, and both sides have to take the same one. Who speaks first tries one after the other; the next
 * as well when nothing has come of one for so long (or two round trips, which a handshake takes), because a stranger
 * may listen where we guessed. The other side has all of them wait to be spoken to.
 */
const NEXT_TRY_MS = 250
const MAX_TRIED = 16
const MAX_WAITING = 64

export interface VolleyCount {
  fired: number
  connected: number
}

export class Volley implements Disposable {
  readonly #init: VolleyInit
  readonly #open = new Set<Socket>()
  readonly #connected: Array<{ socket: Socket; shot: Shot }> = []
  readonly #ended = new AbortController()
  readonly #timer: NodeJS.Timeout
  #shots = 0
  #fired = 0
  #everConnected = 0
  #tried = 0
  #nextTryMs = -Infinity
  #holdUntilMs = -Infinity

  /** Begins at once, and goes on until it is over or disposed. */
  constructor(init: VolleyInit) {
    this.#init = init
    this.#timer = setInterval(() => this.#tick(), BATCH_INTERVAL_MS)
    this.#tick()
  }

  get count(): VolleyCount {
    return { fired: this.#fired, connected: this.#everConnected }
  }

  /** Something has connected: nothing more is fired while it shakes hands. */
  hold(): void {
    this.#holdUntilMs = performance.now() + HOLD_MS
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
    // The winner's dial may be about to return: it is over by then, and the abort finds nothing to undo.
    setImmediate(() => this.#ended.abort(new Error('the punch is over')))
    for (const { socket } of this.#connected.splice(0)) socket.resetAndDestroy()
    for (const socket of this.#open) callOff(socket)
  }

  #tick(): void {
    const { shots, maxOpen, maxShots, pace } = this.#init
    const nowMs = performance.now()
    if (nowMs >= this.#holdUntilMs) {
      const held = this.#open.size + this.#connected.length + this.#tried
      const wanted = Math.min(maxOpen - held, maxShots - this.#shots)
      for (let left = pace.take(wanted, nowMs); left > 0; left -= 1) {
        const { value } = shots.next()
        if (value !== undefined) this.#fire(value)
      }
    }
    this.#tryNext()
    const left = this.#open.size + this.#connected.length + this.#tried
    if (this.#shots >= maxShots && left === 0) this.#end()
  }

  #end(): void {
    this[Symbol.dispose]()
    this.#init.onOver()
  }

  #fire(shot: Shot): void {
    this.#shots += 1
    const socket = openSocket(shot)
    if (socket === undefined) return
    this.#fired += 1
    this.#open.add(socket)
    socket.on('error', () => undefined) // refused, or its addresses in use: it closes, and makes room for another
    socket.once('close', () => this.#open.delete(socket))
    socket.once('connect', () => {
      this.#open.delete(socket)
      this.#everConnected += 1
      this.hold()
      this.#connected.push({ socket, shot })
      this.#tryNext()
    })
    socket.connect({ host: shot.host, port: shot.port })
  }

  #tryNext(): void {
    const { initiator, rttMs } = this.#init
    const most = initiator ? MAX_TRIED : MAX_WAITING
    while (this.#connected.length > 0 && this.#tried < most) {
      const nowMs = performance.now()
      if (initiator && nowMs < this.#nextTryMs) return
      this.#nextTryMs = nowMs + Math.max(NEXT_TRY_MS, 2 * rttMs)
      const next = this.#connected.shift()
      // Reset while it waited: nobody would hear of its end any more.
      if (next !== undefined && !next.socket.destroyed) void this.#try(next.socket, next.shot)
    }
  }

  async #try(socket: Socket, { host, port }: Shot): Promise<void> {
    const { dial, peer, initiator } = this.#init
    this.#tried += 1
    try {
      socket.setNoDelay(true).setKeepAlive(true)
      const target = multiaddr(`/ip4/${host}/tcp/${port}/p2p/${peer}`)
      await dial(target, { socket, initiator, signal: this.#ended.signal })
    } catch {
      socket.destroy()
      this.#tried -= 1
      this.#nextTryMs = -Infinity
      if (!this.#ended.signal.aborted) this.#tryNext()
    }
  }
}

/** Undefined when the system gives none: another program has the port, or there are too many. */
function openSocket({ local }: Shot): Socket | undefined {
  try {
    return local === undefined
      ? new net.Socket()
      : new net.Socket({ handle: bindBeside(local.host, local.port) })
  } catch {
    return undefined
  }
}
