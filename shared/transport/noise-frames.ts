// Finds the frames of Noise in what arrives: two bytes of length, most significant first, then so many. (pure)
// The library's decoder throws and catches an error for each piece that does not end with a frame.
import { Uint8ArrayList } from 'uint8arraylist'

const LENGTH_BYTES = 2
/** An empty message is its tag alone. */
export const MIN_FRAME_BYTES = 16

/** Holds a frame that has not arrived whole: 65,535 bytes at most. */
export class NoiseFrames {
  readonly #arrived: Uint8ArrayList

  /** `arrived`: what another decoder was given, and did not find a whole frame in. */
  constructor(arrived: Uint8ArrayList = new Uint8ArrayList()) {
    this.#arrived = arrived
  }

  /**
   * The frames that are complete now, without their length; those that nobody takes are kept. Throws for one that no
   * key can have sealed.
   */
  *decode(data?: Uint8Array | Uint8ArrayList): Generator<Uint8ArrayList> {
    const arrived = this.#arrived
    if (data !== undefined) arrived.append(data)
    let at = 0
    try {
      while (arrived.byteLength - at >= LENGTH_BYTES) {
        const begin = at + LENGTH_BYTES
        const end = begin + 256 * arrived.get(at) + arrived.get(at + 1)
        if (end - begin < MIN_FRAME_BYTES) {
          throw new Error(`a Noise frame of ${end - begin} bytes is shorter than its tag`)
        }
        if (end > arrived.byteLength) return
        at = end
        yield arrived.sublist(begin, end)
      }
    } finally {
      arrived.consume(at)
    }
  }
}
