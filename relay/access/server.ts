// The relay's side of /parley/access: asks a peer for the proof that it knows a secret, and remembers who has given it.
import { randomBytes } from 'node:crypto'
import type { Connection, PeerId, Stream, StreamHandlerOptions } from '@libp2p/interface'
import { provenSecret } from '../../shared/access-proof.ts'
import { asError } from '../../shared/as-error.ts'
import { deadline } from '../../shared/deadline.ts'
import {
  ACCESS_PROTOCOL,
  AccessStatus,
  decodeProof,
  encodeChallenge,
  encodeVerdict,
  NONCE_BYTES,
  type AccessProof
} from '../../shared/wire/access.ts'
import type { Books } from '../books.ts'
import { closeBothWays } from '../circuit/close-both-ways.ts'
import { countRequest } from '../circuit/context.ts'
import { readFrame, sendFrame } from '../circuit/frames.ts'
import type { RelayListener } from '../events.ts'
import { hostKey } from '../host-key.ts'
import { whyOf, type Why } from '../why.ts'

export interface AccessServerInit {
  books: Books
  onEvent: RelayListener
  /** A peer has sent what is no proof, or none, or asks on although it is told to wait. */
  onOffence: (peer: PeerId) => void
}

/** What is used of a libp2p node. */
export interface AccessNode {
  readonly peerId: PeerId
  handle(
    protocol: string,
    handler: (stream: Stream, connection: AccessConnection) => void,
    options: StreamHandlerOptions
  ): Promise<void>
  unhandle(protocol: string): Promise<void>
  getConnections(peer: PeerId): readonly unknown[]
  addEventListener(type: 'peer:disconnect', listener: OnPeer): void
  removeEventListener(type: 'peer:disconnect', listener: OnPeer): void
}

type AccessConnection = Pick<Connection, 'remotePeer' | 'remoteAddr'>
type OnPeer = (event: CustomEvent<PeerId>) => void

export interface AccessServer extends AsyncDisposable {
  /** The secrets may have changed: the protocol is spoken while there is one, so that peers can tell. */
  follow(): void
}

/** A peer needs one; what it does beside that is waited for by nobody. */
const MAX_STREAMS_PER_CONNECTION = 2

/** Resolves when it is spoken, if it is to be. Ends with `signal` or when disposed. */
export async function startAccessServer(
  node: AccessNode,
  init: AccessServerInit,
  options: { signal: AbortSignal }
): Promise<AccessServer> {
  const server = new Server(node, init, options.signal)
  await server.start()
  return server
}

class Server implements AccessServer {
  readonly #node: AccessNode
  readonly #init: AccessServerInit
  readonly #stopped = new AbortController()
  readonly #signal: AbortSignal
  readonly #serving = new Set<Promise<void>>()
  #spoken = false
  /** Changes of what is spoken come one after the other. */
  #changing: Promise<void> = Promise.resolve()

  constructor(node: AccessNode, init: AccessServerInit, signal: AbortSignal) {
    this.#node = node
    this.#init = init
    this.#signal = AbortSignal.any([signal, this.#stopped.signal])
  }

  async start(): Promise<void> {
    this.#node.addEventListener('peer:disconnect', this.#onDisconnect)
    this.follow()
    await this.#changing
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped.abort(new Error('the relay is stopping'))
    this.#node.removeEventListener('peer:disconnect', this.#onDisconnect)
    await this.#changing
    if (this.#spoken) await this.#node.unhandle(ACCESS_PROTOCOL)
    await Promise.all(this.#serving)
  }

  follow(): void {
    this.#changing = this.#changing.then(async () => this.#speakOrNot())
  }

  async #speakOrNot(): Promise<void> {
    const wanted = this.#init.books.access.secrets.length > 0
    if (wanted === this.#spoken || this.#signal.aborted) return
    this.#spoken = wanted
    if (wanted) {
      const maxInboundStreams = MAX_STREAMS_PER_CONNECTION
      await this.#node.handle(ACCESS_PROTOCOL, this.#onStream, { maxInboundStreams })
    } else await this.#node.unhandle(ACCESS_PROTOCOL)
  }

  readonly #onDisconnect = ({ detail: peer }: CustomEvent<PeerId>): void => {
    this.#init.books.access.left(peer.toString())
  }

  readonly #onStream = (stream: Stream, connection: AccessConnection): void => {
    const served = this.#serve(stream, connection)
    this.#serving.add(served)
    void served.finally(() => this.#serving.delete(served))
  }

  /** Never rejects. */
  async #serve(stream: Stream, connection: AccessConnection): Promise<void> {
    const ms = this.#init.books.limits['hop-seconds'] * 1000
    using limit = deadline(this.#signal, ms, LATE.reason)
    try {
      const relayNonce = randomBytes(NONCE_BYTES)
      sendFrame(stream, encodeChallenge(relayNonce))
      const proof = await this.#readProof(stream, connection, limit)
      const status = this.#judge(proof, relayNonce, connection)
      sendFrame(stream, encodeVerdict(status))
      await closeBothWays(stream, limit)
    } catch (error) {
      stream.abort(asError(error))
    }
  }

  async #readProof(
    stream: Stream,
    { remotePeer }: AccessConnection,
    limit: { signal: AbortSignal }
  ): Promise<AccessProof> {
    try {
      return decodeProof(await readFrame(stream, limit))
    } catch (error) {
      const left = stream.status === 'reset' || stream.status === 'closed'
      if (left || this.#signal.aborted) throw error
      const { onEvent, onOffence } = this.#init
      const peer = remotePeer.toString()
      if (limit.signal.aborted) onEvent({ event: 'access', peer, action: 'refused', ...LATE })
      onOffence(remotePeer)
      throw error
    }
  }

  /** One of AccessStatus. */
  #judge(
    { nonce: peerNonce, macs }: AccessProof,
    relayNonce: Uint8Array,
    connection: AccessConnection
  ): number {
    const { books, onEvent } = this.#init
    const { remotePeer: remote, remoteAddr } = connection
    const peer = remote.toString()
    const host = hostKey(remoteAddr)
    const refuse = (status: number, why: Why): number => {
      onEvent({ event: 'access', peer, action: 'refused', ...whyOf(why) })
      return status
    }
    const tooMany = countRequest(this.#init, connection) ?? books.tooManyWrongSecrets(host)
    if (tooMany !== undefined) return refuse(AccessStatus.TOO_MANY_TRIES, tooMany)
    const secret = provenSecret(books.access.secrets, macs, {
      relay: this.#node.peerId.toMultihash().bytes,
      peer: remote.toMultihash().bytes,
      relayNonce,
      peerNonce
    })
    if (secret === undefined) {
      books.noteWrongSecret(host)
      return refuse(AccessStatus.WRONG_SECRET, WRONG_SECRET)
    }
    // What is noted from here on is forgotten with the disconnection that comes after it.
    if (this.#node.getConnections(remote).length > 0) books.access.proved(peer, secret)
    onEvent({ event: 'access', peer, action: 'granted' })
    return AccessStatus.OK
  }
}

const LATE = { limit: 'hop-seconds', reason: 'no proof of a secret in time' } as const

const WRONG_SECRET: Why = {
  rule: 'secret-wrong',
  reason: 'the peer knows no secret that is in force'
}
