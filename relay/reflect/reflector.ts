// Ports on which a relay tells whoever connects where it is seen, signed; and the protocol that tells peers of them.
import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import type { PrivateKey, Stream, StreamHandlerOptions } from '@libp2p/interface'
import { ipPortToMultiaddr, lpStream } from '@libp2p/utils'
import type { Multiaddr } from '@multiformats/multiaddr'
import { asError } from '../../shared/as-error.ts'
import { deadline } from '../../shared/deadline.ts'
import { lengthPrefixed } from '../../shared/wire/field-writer.ts'
import {
  decodeReflectRequest,
  encodeReflection,
  encodeReflectPorts,
  REFLECT_PROTOCOL,
  REFLECT_REQUEST_BYTES,
  reflectionStatement
} from '../../shared/wire/reflect.ts'
import type { Books } from '../books.ts'
import type { RelayListener } from '../events.ts'
import { hostKey } from '../host-key.ts'
import type { Place } from './places.ts'

export interface ReflectorInit {
  places: readonly Place[]
  privateKey: PrivateKey
  /** Its door counts these connections with all others: they are short, and each costs a signature. */
  books: Books
  onEvent: RelayListener
}

export interface ReflectNode {
  handle(
    protocol: string,
    handler: (stream: Stream) => void,
    options: StreamHandlerOptions
  ): Promise<void>
  unhandle(protocol: string): Promise<void>
}

export interface Reflector extends AsyncDisposable {
  /** On which it listens now, each once. */
  readonly ports: number[]
}

/** For the stream to take a few bytes and close. */
const ANSWER_MS = 5_000

/** An IPv6 address on a machine without IPv6: nobody comes that way. */
const NO_SUCH_FAMILY = new Set(['EAFNOSUPPORT', 'EADDRNOTAVAIL'])

/** A port that cannot be had is told as an event: without it peers know less, and everything else works. */
export async function startReflector(
  node: ReflectNode,
  init: ReflectorInit,
  { signal }: { signal: AbortSignal }
): Promise<Reflector> {
  const running = new RunningReflector(init)
  await using starting = new AsyncDisposableStack()
  starting.use(running)
  for (const place of init.places) await running.listen(place)
  signal.throwIfAborted()
  const ports = [...running.ports]
  if (ports.length > 0) {
    const answer = (stream: Stream): void => void tell(ports, stream, signal)
    await node.handle(REFLECT_PROTOCOL, answer, { maxInboundStreams: 1 })
    starting.defer(async () => node.unhandle(REFLECT_PROTOCOL))
  }
  const parts = starting.move()
  return { ports, [Symbol.asyncDispose]: async () => parts.disposeAsync() }
}

class RunningReflector implements AsyncDisposable {
  readonly ports = new Set<number>()
  readonly #init: ReflectorInit
  readonly #servers = new Set<Server>()
  readonly #sockets = new Set<Socket>()

  constructor(init: ReflectorInit) {
    this.#init = init
  }

  async listen({ host, port }: Place): Promise<void> {
    const server = createServer({ noDelay: true }, (socket) => this.#visit(socket))
    try {
      server.listen({ host, port, ipv6Only: host.includes(':') })
      await once(server, 'listening')
    } catch (cause) {
      if (cause instanceof Error && 'code' in cause && NO_SUCH_FAMILY.has(String(cause.code)))
        return
      const message = `port ${port} of ${host} cannot be used to tell peers where they are seen (${asError(cause).message}): they learn less of their NATs; choose another port with --reflect-port`
      this.#init.onEvent({ event: 'error', code: 'reflect-port', message })
      return
    }
    // What fails later, such as an accept without a free descriptor, fails for that visitor.
    server.on('error', () => undefined)
    this.#servers.add(server)
    const bound = server.address()
    if (bound !== null && typeof bound === 'object') this.ports.add(bound.port)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = [...this.#servers].map(async (server) => {
      server.close()
      await once(server, 'close')
    })
    for (const socket of this.#sockets) socket.destroy()
    await Promise.all(closed)
  }

  #visit(socket: Socket): void {
    const { books, onEvent } = this.#init
    const { remoteAddress, remotePort } = socket
    socket.on('error', () => socket.destroy())
    if (remoteAddress === undefined || remotePort === undefined) {
      socket.destroy()
      return
    }
    const from = ipPortToMultiaddr(remoteAddress, remotePort)
    const host = hostKey(from)
    const visit = books.door.enter(host, performance.now())
    if ('reason' in visit) {
      socket.resetAndDestroy()
      onEvent({ event: 'connection', host, action: 'refused', ...visit })
      return
    }
    this.#sockets.add(socket)
    const limit = 'handshake-seconds'
    const seconds = books.limits[limit]
    const cut = setTimeout(() => {
      socket.destroy()
      const reason = `no request to be reflected within ${seconds} s`
      onEvent({ event: 'connection', host, action: 'closed', reason, limit })
    }, seconds * 1_000)
    socket.once('close', () => {
      clearTimeout(cut)
      visit.left()
      this.#sockets.delete(socket)
    })
    void this.#serve(socket, from).catch(() => socket.destroy())
  }

  async #serve(socket: Socket, address: Multiaddr): Promise<void> {
    const commitment = decodeReflectRequest(await readRequest(socket))
    // Somebody who looks what is here: not worth a signature.
    if (commitment === undefined) {
      socket.destroy()
      return
    }
    const reflection = { address, unixSeconds: Math.floor(Date.now() / 1_000) }
    const statement = reflectionStatement(commitment, reflection)
    const signature = await this.#init.privateKey.sign(statement)
    socket.end(lengthPrefixed(encodeReflection({ ...reflection, signature })))
  }
}

/** Resolves with at most one byte more than a request has; when the socket ends before, with what there was. */
async function readRequest(socket: Socket): Promise<Uint8Array> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    const received: Buffer = chunk
    chunks.push(received.subarray(0, REFLECT_REQUEST_BYTES + 1 - bytes))
    bytes += received.byteLength
    if (bytes >= REFLECT_REQUEST_BYTES) break
  }
  return Buffer.concat(chunks)
}

async function tell(ports: readonly number[], stream: Stream, signal: AbortSignal): Promise<void> {
  using limit = deadline(signal, ANSWER_MS, 'the peer takes no answer')
  try {
    await lpStream(stream).write(encodeReflectPorts(ports), { signal: limit.signal })
    await stream.close({ signal: limit.signal })
  } catch (error) {
    stream.abort(asError(error))
  }
}
