// Ends whoever answers or proposes in multistream-select without ever coming to an end. The library's lpStream collects
// the bytes of a length that does not stop one by one: eight connections that sent 0xff took a relay's CPU for 17 s.
import type { ConnectionEncrypter, SecuredConnection } from '@libp2p/interface'
import type { Uint8ArrayList } from 'uint8arraylist'
import { isReceiver, type Receiver } from './multistream-answer.ts'

/** Of a length; those of the library's own protocols are at most 8 KiB. */
const MAX_LENGTH_BYTES = 3
/** The library's. */
const MAX_LINE_BYTES = 1024
/** That it comes in. The library keeps each as it came, at 120 bytes beside what it carries. */
const MAX_PIECES = 256
/** Proposed protocols, or refusals of ours: nobody has so many. */
const MAX_LINES = 32

const NO_NEWLINE = 'a line that does not end in a newline'

/** The remote does not negotiate. */
export class NegotiationError extends Error {
  override name = 'NegotiationError'
}

export interface NegotiationRules {
  /** Whether a line ends the negotiation: a protocol that both sides speak then. */
  isAgreed(line: string): boolean
  /** Whether lengths go on behind that line, which the library reads as carelessly. */
  isPrefixed?(protocol: string): boolean
}

/** Protocols whose messages the library reads. */
export const isPrefixed = (protocol: string): boolean => protocol.startsWith('/ipfs/id/')

/** Follows what comes in for as long as the library's reader of lengths is to read it. */
export function guardNegotiation(receiver: Receiver, rules: NegotiationRules): void {
  const onData = receiver.onData.bind(receiver)
  const follower = new Follower(rules)
  const isFine = (data: Uint8Array | Uint8ArrayList): boolean => {
    const problem = follower.isOver ? undefined : follower.follow(data)
    if (problem !== undefined) receiver.abort(new NegotiationError(problem))
    return problem === undefined
  }
  receiver.onData = (data) => {
    if (isFine(data)) onData(data)
  }
  // A dialler that does not wait for us has begun before anybody could follow.
  const { readBuffer } = receiver
  if (readBuffer !== undefined && readBuffer.byteLength > 0) isFine(readBuffer)
}

/** Wraps an encrypter's factory: what negotiates on the encrypted connection is followed as well. */
export function guardedEncrypter<Components>(
  factory: (components: Components) => ConnectionEncrypter,
  muxer: string
): (components: Components) => ConnectionEncrypter {
  return (components) => {
    const inner = factory(components)
    const secureInbound = inner.secureInbound.bind(inner)
    const secureOutbound = inner.secureOutbound.bind(inner)
    inner.secureInbound = async (...args) => guardMuxing(await secureInbound(...args), muxer)
    inner.secureOutbound = async (...args) => guardMuxing(await secureOutbound(...args), muxer)
    return inner
  }
}

function guardMuxing<T extends SecuredConnection>(secured: T, muxer: string): T {
  const { connection, streamMuxer } = secured
  // Agreed within the handshake of the encryption, there is nothing to negotiate.
  if (streamMuxer === undefined && isReceiver(connection)) {
    guardNegotiation(connection, { isAgreed: (line) => line === muxer })
  }
  return secured
}

/** Reads along: a length, as many bytes, a length. */
export class Follower {
  readonly #rules: NegotiationRules
  isOver = false
  /** How many bytes of what was followed last belong to the negotiation; the rest is for the protocol. */
  negotiatedBytes = 0
  #agreed = false
  #pieces = 0
  #lines = 0
  #lengthBytes = 0
  #length = 0
  /** Of what the length has announced. */
  #missing = 0
  #line = ''

  constructor(rules: NegotiationRules) {
    this.#rules = rules
  }

  /** What is wrong with it, if anything is. */
  follow(data: Uint8Array | Uint8ArrayList): string | undefined {
    this.negotiatedBytes = 0
    if (++this.#pieces > MAX_PIECES) return 'a negotiation that comes drop by drop'
    for (const piece of data instanceof Uint8Array ? [data] : data) {
      const problem = this.#followPiece(piece)
      if (problem !== undefined) return problem
    }
    return undefined
  }

  #followPiece(piece: Uint8Array): string | undefined {
    for (let at = 0; at < piece.byteLength && !this.isOver;) {
      if (this.#missing > 0) {
        at += this.#takeBody(piece.subarray(at))
        if (this.#missing === 0 && !this.#agreed && !this.#endLine()) {
          return NO_NEWLINE
        }
        continue
      }
      const problem = this.#takeLength(piece[at++] ?? 0)
      if (problem !== undefined) return problem
    }
    return undefined
  }

  #takeLength(byte: number): string | undefined {
    if (!this.#agreed) this.negotiatedBytes++
    this.#length += (byte & 0x7f) * 128 ** this.#lengthBytes
    this.#lengthBytes++
    if (byte >= 0x80) {
      return this.#lengthBytes < MAX_LENGTH_BYTES ? undefined : 'a length that does not end'
    }
    this.#missing = this.#length
    this.#length = 0
    this.#lengthBytes = 0
    this.#line = ''
    if (this.#agreed) return undefined
    if (this.#missing === 0) return NO_NEWLINE
    if (this.#missing > MAX_LINE_BYTES) return `a line of more than ${MAX_LINE_BYTES} bytes`
    if (++this.#lines <= MAX_LINES) return undefined
    return `more than ${MAX_LINES} lines, and no protocol agreed`
  }

  /** How many bytes of it there were. */
  #takeBody(bytes: Uint8Array): number {
    const part = bytes.subarray(0, this.#missing)
    this.#missing -= part.byteLength
    if (this.#agreed) return part.byteLength
    this.negotiatedBytes += part.byteLength
    this.#line += Buffer.from(part.buffer, part.byteOffset, part.byteLength).toString('latin1')
    return part.byteLength
  }

  /** False for one that lacks its newline. */
  #endLine(): boolean {
    if (!this.#line.endsWith('\n')) return false
    const line = this.#line.trimEnd()
    if (this.#rules.isAgreed(line)) {
      this.#agreed = true
      this.isOver = this.#rules.isPrefixed?.(line) !== true
    }
    return true
  }
}
