// Reads the fields of a protobuf message strictly: wire types, lengths and UTF-8 are checked, unknown fields skipped,
// and nothing read keeps the buffer it came from alive. (pure)
import { reader, type Reader } from 'protons-runtime'

export const WIRE = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const

/** A message that is not well formed, and the field at fault. */
export class FieldError extends Error {
  override name = 'FieldError'
  readonly field: string

  constructor(field: string, problem: string) {
    super(problem)
    this.field = field
  }
}

const CONTINUES = 0x80

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** One field under the cursor; each of the reading methods may be called once, and names the field in its error. */
export class Field {
  readonly number: number
  readonly #wireType: number
  readonly #from: Reader

  constructor(number: number, wireType: number, from: Reader) {
    this.number = number
    this.#wireType = wireType
    this.#from = from
  }

  /** A view of the buffer: to be decoded further, not to be kept. */
  bytes(name: string): Uint8Array {
    this.#expect(WIRE.bytes, name)
    return this.#from.bytes()
  }

  text(name: string, maxBytes: number): string {
    const bytes = this.bytes(name)
    if (bytes.byteLength > maxBytes) throw new FieldError(name, `is longer than ${maxBytes} bytes`)
    try {
      return strictUtf8.decode(bytes)
    } catch {
      throw new FieldError(name, 'is not UTF-8')
    }
  }

  /** A uint64 that a number holds exactly. */
  uint(name: string): number {
    this.#expect(WIRE.varint, name)
    const value = this.#from.uint64()
    endOfVarint(this.#from, name)
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new FieldError(name, 'is beyond 2^53')
    return Number(value)
  }

  /** A fixed64 as 16 hexadecimal digits. */
  hex64(name: string): string {
    this.#expect(WIRE.fixed64, name)
    return BigInt.asUintN(64, this.#from.fixed64()).toString(16).padStart(16, '0')
  }

  skip(owner: string): void {
    // Groups (3, 4) are not used by any protocol here, and skipping them recurses as deep as the sender likes.
    const known = Object.values<number>(WIRE).includes(this.#wireType)
    if (!known) throw new FieldError(owner, `has a field of wire type ${this.#wireType}`)
    this.#from.skipType(this.#wireType)
  }

  #expect(wireType: number, name: string): void {
    if (this.#wireType !== wireType) throw new FieldError(name, 'has the wrong wire type')
  }
}

/**
 * Calls `read` for every field; it returns false for a field that it does not know.
 * Throws FieldError, with `owner` as the field when the message itself is broken off.
 */
export function readFields(
  bytes: Uint8Array,
  owner: string,
  read: (field: Field) => boolean
): void {
  const from = reader(bytes)
  while (from.pos < from.len) {
    try {
      const tag = from.uint32()
      endOfVarint(from, owner)
      const field = new Field(tag >>> 3, tag & 7, from)
      if (!read(field)) field.skip(owner)
    } catch (error) {
      throw error instanceof FieldError ? error : new FieldError(owner, 'is truncated')
    }
    if (from.pos > from.len) throw new FieldError(owner, 'is truncated')
  }
}

/** The runtime's reader takes a varint that the buffer cuts off for a whole one. */
function endOfVarint(from: Reader, name: string): void {
  if (((from.buf[from.pos - 1] ?? CONTINUES) & CONTINUES) !== 0) {
    throw new FieldError(name, 'is truncated')
  }
}
