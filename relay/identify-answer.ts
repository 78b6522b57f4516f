// Tells whoever asks by identify who the relay is. The library gathers, signs and encodes that anew for each who asks,
// and reads the machine's interfaces for it; here it is one message for all, to which each gets its own address.
// https://github.com/libp2p/specs/blob/master/identify/README.md
import { setMaxListeners } from 'node:events'
import { publicKeyToProtobuf } from '@libp2p/crypto/keys'
import type {
  Connection,
  Libp2pEvents,
  NodeInfo,
  PeerId,
  PrivateKey,
  Startable,
  Stream,
  TypedEventTarget
} from '@libp2p/interface'
import type { AddressManager, Registrar } from '@libp2p/interface-internal'
import { PeerRecord, RecordEnvelope } from '@libp2p/peer-record'
import { withoutPeer } from '../shared/addresses.ts'
import { deadline } from '../shared/deadline.ts'
import { FieldWriter, lengthPrefixed } from '../shared/wire/field-writer.ts'

export const IDENTIFY_PROTOCOL = '/ipfs/id/1.0.0'
/** Of all networks that are not one of their own. */
const PROTOCOL_VERSION = 'ipfs/0.1.0'

/** The library's: one at a time, and so long for the writing of it. */
const MAX_STREAMS = 1
const ANSWER_MS = 5_000

/** Interfaces come and go without an event. */
const MESSAGE_MS = 5_000

export interface IdentifyAnswerComponents {
  peerId: PeerId
  privateKey: PrivateKey
  nodeInfo: Pick<NodeInfo, 'userAgent'>
  addressManager: Pick<AddressManager, 'getAddresses'>
  registrar: Pick<Registrar, 'handle' | 'unhandle' | 'getProtocols'>
  events: TypedEventTarget<Libp2pEvents>
}

export interface IdentifyAnswerConfig {
  /**
   * Protocols that those who speak them try without having been told. Together with what is said beside it the answer
   * just fits through a tunnel for packets of 1,200 bytes, and who gets no answer gets no place.
   */
  unlisted?: readonly string[]
  /** Monotonic. */
  nowMs?: () => number
}

/** For the `services` of a node. */
export function identifyAnswer(
  config: IdentifyAnswerConfig = {}
): (components: IdentifyAnswerComponents) => IdentifyAnswer {
  return (components) => new IdentifyAnswer(components, config)
}

class IdentifyAnswer implements Startable {
  readonly #components: IdentifyAnswerComponents
  readonly #nowMs: () => number
  readonly #unlisted: ReadonlySet<string>
  #stopping = new AbortController()
  #message: { bytes: Promise<Uint8Array>; untilMs: number } | undefined

  constructor(
    components: IdentifyAnswerComponents,
    { nowMs, unlisted = [] }: IdentifyAnswerConfig
  ) {
    this.#components = components
    this.#nowMs = nowMs ?? (() => performance.now())
    this.#unlisted = new Set(unlisted)
  }

  async start(): Promise<void> {
    const { events, registrar } = this.#components
    this.#stopping = new AbortController()
    // One listener for every stream.
    setMaxListeners(0, this.#stopping.signal)
    events.addEventListener('self:peer:update', this.#onUpdate)
    await registrar.handle(IDENTIFY_PROTOCOL, this.#answer, {
      maxInboundStreams: MAX_STREAMS,
      runOnLimitedConnection: true
    })
  }

  async stop(): Promise<void> {
    const { events, registrar } = this.#components
    events.removeEventListener('self:peer:update', this.#onUpdate)
    await registrar.unhandle(IDENTIFY_PROTOCOL)
    this.#stopping.abort(new Error('the node stops'))
  }

  #onUpdate = (): void => {
    this.#message = undefined
  }

  /** What it throws aborts the stream. */
  #answer = async (stream: Stream, { direct, remoteAddr }: Connection): Promise<void> => {
    using limit = deadline(this.#stopping.signal, ANSWER_MS, 'the remote did not take our identity')
    const common = await this.#common()
    // Fields may come in any order; over a circuit the address would be the relay's.
    const own = new FieldWriter().bytes(4, direct ? remoteAddr.bytes : undefined).finish()
    stream.send(lengthPrefixed(Buffer.concat([common, own])))
    await stream.close(limit)
  }

  /** All but the address at which the remote is seen. */
  #common(): Promise<Uint8Array> {
    if (this.#message === undefined || this.#nowMs() >= this.#message.untilMs) {
      const message = { bytes: this.#encode(), untilMs: this.#nowMs() + MESSAGE_MS }
      message.bytes.catch(this.#onUpdate)
      this.#message = message
    }
    return this.#message.bytes
  }

  async #encode(): Promise<Uint8Array> {
    const { peerId, privateKey, nodeInfo, addressManager, registrar } = this.#components
    const multiaddrs = addressManager.getAddresses().map(withoutPeer)
    const record =
      multiaddrs.length === 0
        ? undefined
        : await RecordEnvelope.seal(new PeerRecord({ peerId, multiaddrs }), privateKey)
    const message = new FieldWriter().bytes(1, publicKeyToProtobuf(privateKey.publicKey)).eachBytes(
      2,
      multiaddrs.map(({ bytes }) => bytes)
    )
    const listed = registrar.getProtocols().filter((protocol) => !this.#unlisted.has(protocol))
    for (const protocol of listed) message.text(3, protocol)
    return message
      .text(5, PROTOCOL_VERSION)
      .text(6, nodeInfo.userAgent)
      .bytes(8, record?.marshal())
      .finish()
  }
}
