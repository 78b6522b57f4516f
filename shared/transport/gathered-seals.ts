// Noise connections that seal what is sent within one turn of the program together. The library seals each message by
// itself: a relay that reads 64 KiB passes on three to four frames of yamux, each a call of the cipher, a write, and at
// the other side a read; answers to a peer's first requests are as many again.
import type { AbortOptions, MessageStream } from '@libp2p/interface'
import { Uint8ArrayList } from 'uint8arraylist'
import { asError } from '../as-error.ts'
import { carrierOf } from './muxer-parts.ts'
import { NoiseFrames } from './noise-frames.ts'
import type { SendResult } from './send-result.ts'

/** What the library's connection has beside its public face. */
interface NoiseConnection extends MessageStream {
  /** What carries its frames. */
  stream: MessageStream & { close(options?: AbortOptions): Promise<void> }
  handshake: { decrypt(frame: Uint8ArrayList): Uint8Array | Uint8ArrayList }
  decoder: FrameDecoder
  encrypt(data: Uint8ArrayList): Uint8ArrayList
  decrypt(frame: Uint8ArrayList): Uint8Array | Uint8ArrayList
  sendData(data: Uint8ArrayList): SendResult
}

interface FrameDecoder {
  /** What has arrived of a frame. */
  buffer?: Uint8ArrayList
  decode(data: Uint8Array | Uint8ArrayList): Iterable<Uint8ArrayList>
}

/** What one frame holds at most. */
const MAX_WAITING_BYTES = 65_519

/**
 * What a connection says first leaves in packets that every path lets through, 1,280 bytes with all headers: in a tunnel
 * that swallows larger ones short messages arrive, and `parley doctor` can tell what becomes of long ones.
 */
const EARLY_BYTES = 16 * 1024
const SMALL_PACKET_BYTES = 1_150

/** What waits, by the connection on which it does. */
const waitings = new WeakMap<object, Waiting>()

/** Once for each connection, behind its handshake. Throws when the library is another than this was made for. */
export function gatherSeals(connection: MessageStream): void {
  if (!isNoiseConnection(connection)) throw new Error('this is no connection of the Noise library')
  const { stream, handshake, decoder } = connection
  const waiting = new Waiting(connection)
  waitings.set(connection, waiting)
  connection.sendData = (data) => waiting.add(data)
  connection.decoder = new NoiseFrames(decoder.buffer)
  // The library's own hands a copy of each frame to a cipher that works in place, which is not used here.
  connection.decrypt = (frame) => handshake.decrypt(frame)
  const close = stream.close.bind(stream)
  stream.close = async (options) => {
    waiting.flush()
    return close(options)
  }
}

/**
 * Has what was said on a libp2p connection leave now, ahead of all else that this turn of the program has to do. False
 * for one of another kind, on which nothing waits.
 */
export function sendNow(connection: object): boolean {
  const carrier = carrierOf(connection)
  const waiting = carrier === undefined ? undefined : waitings.get(carrier)
  waiting?.flush()
  return waiting !== undefined
}

class Waiting {
  readonly #connection: NoiseConnection
  #data = new Uint8ArrayList()
  #earlyBytes = 0

  constructor(connection: NoiseConnection) {
    this.#connection = connection
  }

  add(data: Uint8ArrayList): SendResult {
    const sentBytes = data.byteLength
    if (this.#earlyBytes < EARLY_BYTES) {
      this.#earlyBytes += sentBytes
      if (this.#data.byteLength + sentBytes > SMALL_PACKET_BYTES) this.flush()
    }
    if (this.#data.byteLength === 0) setImmediate(this.flush)
    this.#data.append(data)
    const full = this.#data.byteLength >= MAX_WAITING_BYTES
    return { sentBytes, canSendMore: full ? this.#seal() : true }
  }

  /** Whoever sent has been told that there is room for more, and learns it with the next message if there is not. */
  flush = (): void => {
    const { stream } = this.#connection
    if (this.#data.byteLength === 0 || stream.status !== 'open') return
    try {
      if (!this.#seal()) this.#connection.writableNeedsDrain = true
    } catch (error) {
      this.#connection.abort(asError(error))
    }
  }

  #seal(): boolean {
    const data = this.#data
    this.#data = new Uint8ArrayList()
    return this.#connection.stream.send(this.#connection.encrypt(data))
  }
}

function isNoiseConnection(connection: MessageStream): connection is NoiseConnection {
  const parts = ['stream', 'handshake', 'decoder', 'encrypt', 'decrypt', 'sendData']
  return parts.every((part) => part in connection)
}
