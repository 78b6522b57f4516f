// Two ends of a connection that speak Noise with each other in one process, with what passes between them in the hands
// of a test.
import assert from 'node:assert/strict'
import { generateKeyPair } from '@libp2p/crypto/keys'
import type {
  ConnectionEncrypter,
  MessageStream,
  MultiaddrConnection,
  PeerId,
  Upgrader
} from '@libp2p/interface'
import { defaultLogger } from '@libp2p/logger'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { multiaddrConnectionPair } from '@libp2p/utils'
import { Uint8ArrayList } from 'uint8arraylist'
import type { SendResult } from '../../shared/transport/send-result.ts'
import { swiftNoise } from '../../shared/transport/swift-noise.ts'

export type NoiseFactory = ReturnType<typeof swiftNoise>

const unused = (): never => assert.fail('not part of a handshake')
const upgrader: Upgrader = {
  getStreamMuxers: () => new Map(),
  getConnectionEncrypters: unused,
  createInboundAbortSignal: unused,
  upgradeInbound: unused,
  upgradeOutbound: unused
}

export interface NoiseSide {
  id: PeerId
  encrypter: ConnectionEncrypter
}

export async function noiseSide(factory: NoiseFactory = swiftNoise()): Promise<NoiseSide> {
  const privateKey = await generateKeyPair('Ed25519')
  const peerId = peerIdFromPrivateKey(privateKey)
  const components = { peerId, privateKey, logger: defaultLogger(), upgrader }
  return { id: peerId, encrypter: factory(components) }
}

export interface SecuredPair {
  near: MessageStream
  far: MessageStream
  /** Below Noise. */
  carriers: [near: MultiaddrConnection, far: MultiaddrConnection]
  /** Who each end takes the other for. */
  peers: [ofNear: PeerId | undefined, ofFar: PeerId | undefined]
}

/** The far end is the one that was dialled. `expected`: whom the near end dials. */
export async function secure(
  dialler: NoiseSide,
  listener: NoiseSide,
  expected = listener.id
): Promise<SecuredPair> {
  const carriers = multiaddrConnectionPair({ delay: 0 })
  return secureOver(carriers, [dialler, listener], expected)
}

export async function secureOver(
  carriers: [MultiaddrConnection, MultiaddrConnection],
  [dialler, listener]: [NoiseSide, NoiseSide],
  remotePeer = listener.id
): Promise<SecuredPair> {
  const signal = AbortSignal.timeout(5000)
  const [near, far] = await Promise.all([
    dialler.encrypter.secureOutbound(carriers[0], { signal, remotePeer }),
    listener.encrypter.secureInbound(carriers[1], { signal })
  ])
  return {
    near: near.connection,
    far: far.connection,
    carriers,
    peers: [near.remotePeer, far.remotePeer]
  }
}

/** Passes on what `change` makes of each write, piece by piece. */
export function tamper(carrier: MultiaddrConnection, change: (sent: Buffer) => Buffer[]): void {
  assert.ok(sends(carrier))
  const sendData = carrier.sendData.bind(carrier)
  carrier.sendData = (data) => {
    let canSendMore = true
    const sentBytes = data.byteLength
    for (const piece of change(Buffer.from(data.subarray()))) {
      ;({ canSendMore } = sendData(new Uint8ArrayList(piece)))
    }
    return { sentBytes, canSendMore }
  }
}

function sends(
  carrier: MultiaddrConnection
): carrier is MultiaddrConnection & { sendData(data: Uint8ArrayList): SendResult } {
  return 'sendData' in carrier
}

/** Everything that arrives, for as long as the connection lasts. */
export function collect(stream: MessageStream): { bytes: () => Buffer } {
  const pieces: Uint8Array[] = []
  stream.addEventListener('message', ({ data }) => {
    pieces.push(data.subarray())
  })
  return { bytes: () => Buffer.concat(pieces) }
}

/** Sends, and resolves when all of it has arrived unchanged at the other end. */
export async function passes(from: MessageStream, to: MessageStream, sent: Buffer): Promise<void> {
  const arrived = Promise.withResolvers<void>()
  let received = Buffer.alloc(0)
  to.addEventListener('message', ({ data }) => {
    received = Buffer.concat([received, data.subarray()])
    if (received.byteLength >= sent.byteLength) arrived.resolve()
  })
  to.addEventListener('close', ({ error }) => arrived.reject(error ?? new Error('closed')))
  from.send(sent)
  await arrived.promise
  assert.ok(received.equals(sent))
}

/** Resolves with the error that ended it, if one did. */
export async function closed(stream: MessageStream): Promise<Error | undefined> {
  if (stream.status === 'aborted' || stream.status === 'reset') return new Error(stream.status)
  if (stream.status === 'closed') return undefined
  return new Promise((resolve) => {
    stream.addEventListener('close', ({ error }) => resolve(error))
  })
}
