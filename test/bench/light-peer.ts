// A peer with nothing but what a relay sees of it: TCP, Noise, yamux, identify, HOP and STOP. Thousands of whole nodes
// would measure the machine that makes them and not the relay.
import { yamux } from '@chainsafe/libp2p-yamux'
import { generateKeyPair } from '@libp2p/crypto/keys'
import type {
  ComponentLogger,
  Logger,
  MessageStream,
  MultiaddrConnection,
  PeerId,
  Stream,
  StreamMuxer,
  StreamMuxerFactory,
  Upgrader
} from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { tcp } from '@libp2p/tcp'
import { lpStream } from '@libp2p/utils'
import type { Multiaddr } from '@multiformats/multiaddr'
import { isReceiver, proposal, stripAnswer } from '../../shared/transport/multistream-answer.ts'
import { deadline } from '../../shared/deadline.ts'
import { optimisticStreams } from '../../shared/transport/optimistic-streams.ts'
import { swiftNoise } from '../../shared/transport/swift-noise.ts'
import { thriftyWindows } from '../../shared/transport/thrifty-windows.ts'
import {
  CircuitStatus,
  circuitStatusName,
  decodeHop,
  decodeStop,
  encodeHop,
  encodeStop,
  HOP_PROTOCOL,
  STOP_PROTOCOL
} from '../../shared/wire/circuit.ts'
import { agree } from './agree.ts'
import { encodeIdentify, IDENTIFY_PROTOCOL } from './identify-message.ts'

/** Any step; a loaded machine with thousands of handshakes under way is slow. */
const PATIENCE_MS = 60_000
export const patience = (): AbortSignal => AbortSignal.timeout(PATIENCE_MS)

const nothing = (): void => {}
const log: Logger = Object.assign(nothing, {
  error: nothing,
  trace: nothing,
  enabled: false,
  newScope: () => log
})
const logger: ComponentLogger = { forComponent: () => log }

const muxers: StreamMuxerFactory = thriftyWindows(
  optimisticStreams(yamux({ enableKeepAlive: false }))
)({})
const muxersByName = new Map([[muxers.protocol, muxers]])
const NOISE = '/noise'
const no = (): never => {
  throw new Error('this is no node')
}
/** Of its methods Noise asks for one. */
const UPGRADER: Upgrader = {
  getStreamMuxers: () => muxersByName,
  getConnectionEncrypters: no,
  createInboundAbortSignal: no,
  upgradeInbound: no,
  upgradeOutbound: no
}

/** Half a second of 64 KiB pieces at the most that was seen. */
const MAX_EARLY_BYTES = 64 * 1024 * 1024

/** Without waiting for the other side's agreement. */
function propose(stream: MessageStream, protocol: string): void {
  if (!isReceiver(stream)) throw new Error('the library has changed: no onData()')
  stripAnswer(stream, protocol)
  stream.send(proposal(protocol))
}

export class LightPeer {
  readonly id: PeerId
  readonly #muxer: StreamMuxer
  readonly #connection: MultiaddrConnection
  readonly #identify: Uint8Array
  #onCircuit: (stream: Stream) => void = (stream) => stream.abort(new Error('not asked for'))

  /** `localAddress`: relays count connections by host; on loopback every 127.x.y.z can be one. */
  static async connect(relay: Multiaddr, localAddress: string): Promise<LightPeer> {
    const privateKey = await generateKeyPair('Ed25519')
    const id = peerIdFromPrivateKey(privateKey)
    const encrypter = swiftNoise()({ privateKey, peerId: id, logger, upgrader: UPGRADER })
    const opened = Promise.withResolvers<[MultiaddrConnection, StreamMuxer]>()
    const upgradeOutbound = async (connection: MultiaddrConnection): Promise<never> => {
      propose(connection, NOISE)
      const secured = await encrypter.secureOutbound(connection, { signal: patience() })
      // rust does not agree to a muxer within the handshake.
      if (secured.streamMuxer === undefined) propose(secured.connection, muxers.protocol)
      const inner = Object.assign(secured.connection, { remoteAddr: relay, direction: 'outbound' })
      opened.resolve([connection, muxers.createStreamMuxer(inner)])
      // The transport would hand a connection of a node to its caller; there is none.
      return new Promise(() => undefined)
    }
    // The socket is destroyed when the signal of its dial aborts, however long ago that dial has ended.
    using dialling = deadline(new AbortController().signal, PATIENCE_MS, 'the relay did not answer')
    const { signal } = dialling
    const options = { signal, upgrader: { ...UPGRADER, upgradeOutbound }, localAddress }
    const transport = tcp({ outboundSocketInactivityTimeout: 0 })({ logger })
    transport.dial(relay, options).catch(opened.reject)
    const peer = new LightPeer(id, await opened.promise, await encodeIdentify(privateKey))
    await peer.#askIdentify()
    return peer
  }

  private constructor(
    id: PeerId,
    [connection, muxer]: [MultiaddrConnection, StreamMuxer],
    identify: Uint8Array
  ) {
    this.id = id
    this.#connection = connection
    this.#muxer = muxer
    this.#identify = identify
    muxer.addEventListener('stream', ({ detail }) => {
      this.#serve(detail).catch((error: Error) => detail.abort(error))
    })
  }

  close(): void {
    this.#connection.abort(new Error('the load is over'))
  }

  async #open(protocol: string): Promise<Stream> {
    const options = { protocol, optimistic: true, signal: patience() }
    const stream = await this.#muxer.createStream(options)
    stream.maxReadBufferLength = MAX_EARLY_BYTES
    return stream
  }

  async #askIdentify(): Promise<void> {
    const stream = await this.#open(IDENTIFY_PROTOCOL)
    await lpStream(stream).read({ signal: patience() })
    await stream.close({ signal: patience() })
  }

  async #serve(stream: Stream): Promise<void> {
    stream.maxReadBufferLength = MAX_EARLY_BYTES
    const protocol = await agree(stream, [IDENTIFY_PROTOCOL, STOP_PROTOCOL], patience())
    if (protocol === IDENTIFY_PROTOCOL) {
      await lpStream(stream).write(this.#identify, { signal: patience() })
      await stream.close({ signal: patience() })
      return
    }
    const frames = lpStream(stream)
    decodeStop((await frames.read({ signal: patience() })).subarray())
    const answer = encodeStop({ type: 'STATUS', status: CircuitStatus.OK })
    const own = frames.unwrap()
    own.send(Buffer.concat([Uint8Array.of(answer.byteLength), answer]))
    this.#onCircuit(own)
  }

  /** What becomes of circuits from others. */
  takeCircuits(onCircuit: (stream: Stream) => void): void {
    this.#onCircuit = onCircuit
  }

  async reserve(): Promise<void> {
    const { stream } = await this.#ask(encodeHop({ type: 'RESERVE' }))
    await stream.close({ signal: patience() })
  }

  /** The stream carries bytes to the other peer, without the encryption between the two, which is not the relay's. */
  async circuit(target: Uint8Array): Promise<Stream> {
    const { stream } = await this.#ask(
      encodeHop({ type: 'CONNECT', peer: { id: target, addresses: [] } })
    )
    return stream
  }

  async #ask(request: Uint8Array): Promise<{ stream: Stream }> {
    const stream = await this.#open(HOP_PROTOCOL)
    const frames = lpStream(stream)
    await frames.write(request, { signal: patience() })
    const { status } = decodeHop((await frames.read({ signal: patience() })).subarray())
    if (status !== CircuitStatus.OK) {
      throw new Error(`the relay answered ${circuitStatusName(status)}`)
    }
    return { stream: frames.unwrap() }
  }
}
