// A raw libp2p stream to compare with: fixed pieces go out and come back, one at a time or many at once.
import type { Connection, Stream } from '@libp2p/interface'

export const ECHO_PROTOCOL = '/parley-bench/echo/1.0.0'

export class Echo {
  readonly #stream: Stream
  readonly #pieceBytes: number
  #received = 0
  #wanted = 0
  #arrived = Promise.withResolvers<void>()

  static async open(connection: Connection, pieceBytes: number): Promise<Echo> {
    return new Echo(
      await connection.newStream(ECHO_PROTOCOL, { runOnLimitedConnection: true }),
      pieceBytes
    )
  }

  private constructor(stream: Stream, pieceBytes: number) {
    this.#stream = stream
    this.#pieceBytes = pieceBytes
    stream.addEventListener('message', ({ data }) => {
      this.#received += data.byteLength
      if (this.#received >= this.#wanted) this.#arrived.resolve()
    })
  }

  /** Milliseconds until so many pieces, written one by one, have come back. */
  async send(count: number): Promise<number> {
    const began = performance.now()
    this.#arrived = Promise.withResolvers()
    this.#wanted = this.#received + count * this.#pieceBytes
    for (let sent = 0; sent < count; sent++) {
      if (!this.#stream.send(Buffer.alloc(this.#pieceBytes))) {
        await new Promise((resolve) =>
          this.#stream.addEventListener('drain', resolve, { once: true })
        )
      }
    }
    await this.#arrived.promise
    return performance.now() - began
  }
}
