// Bytes that wait for their reader, in few pieces. The libraries keep each piece as it came, and one costs 120 bytes
// beside what it carries (measured): a window of 256 KiB that was filled byte by byte took 30 MB.
import type { Stream } from '@libp2p/interface'
import { isUint8ArrayList, type Uint8ArrayList } from 'uint8arraylist'
import { isReceiver } from './multistream-answer.ts'

/** Between two packings, each of which copies what waits. 256 KiB come in 16 to 64 pieces from any known sender. */
const MAX_PIECES = 256

/** Puts a list together when so many pieces have come since it was last empty or packed. */
export class Packing {
  readonly #list: Uint8ArrayList
  #pieces = 0

  constructor(list: Uint8ArrayList) {
    this.#list = list
  }

  /** After what has come has been added, or passed on. */
  added(data: Uint8Array | Uint8ArrayList): void {
    if (this.#list.byteLength === 0) {
      this.#pieces = 0
      return
    }
    this.#pieces += piecesOf(data)
    if (this.#pieces < MAX_PIECES) return
    const packed = this.#list.slice()
    this.#list.consume(packed.byteLength)
    this.#list.append(packed)
    this.#pieces = 1
  }
}

function piecesOf(data: Uint8Array | Uint8ArrayList): number {
  if (data instanceof Uint8Array) return 1
  let pieces = 0
  for (const _ of data) pieces++
  return pieces
}

/**
 * Packs what has come over a stream and waits: in the stream while it is paused, or in a `byteStream` of it. Both have
 * it beside their public face.
 */
export function keepPacked(stream: Stream, keeper: object = stream): void {
  const waiting = 'readBuffer' in keeper ? keeper.readBuffer : undefined
  if (!isReceiver(stream) || !isUint8ArrayList(waiting)) return
  const packing = new Packing(waiting)
  const onData = stream.onData.bind(stream)
  stream.onData = (data) => {
    onData(data)
    packing.added(data)
  }
}
