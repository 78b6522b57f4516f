// Reads the fields of a protobuf message strictly: wire types, lengths and UTF-8 are checked, unknown fields skipped,
// groups refused. Every error names the field. (pure)
import { reader, type Reader } from 'protons-runtime'
import { WIRE } from './field-writer.ts'

/** A message that is not well formed: `field` is the one at fault, `problem` the rest of the sentence. */
export class FieldError extends Error {
  override name = 'FieldError'
  readonly field: string
  readonly problem: string

  constructor(field: string, problem: string, options?: ErrorOptions) {
    super(`${field} ${problem}`, options)
    this.field = field
    this.problem = problem
  }
}

/** The message ends in the middle of the field, or has a varint that never ends. */
export class TruncatedError extends FieldError {
  override name = 'TruncatedError'

  constructor(field: string, options?: ErrorOptions) {
    super(field, 'is truncated', options)
  }
}

/** What to do with each field, by number; the others are skipped. */
export type FieldReaders = Readonly<Record<number, (field: Field) => unknown>>

const CONTINUES = 0x80

/** A byte order mark is a part of the text, and a lossy decoding would make two different names one. */
export const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** One field under the cursor; one of the reading methods may be called, once, with the name for its errors. */
export class Field {
  readonly #wireType: number
  readonly #from: Reader
  readonly #owner: string

  constructor(wireType: number, from: Reader, owner: string) {
    this.#wireType = wireType
    this.#from = from
    this.#owner = owner
  }

  /** A view of the buffer: to be decoded further, not to be kept. */
  bytes(name: string): Uint8Array {
    this.#expect(WIRE.bytes, name)
    return whole(this.#owner, () => this.#from.bytes())
  }

  /** For what is kept. (`slice` will not do: that of a Buffer is a view.) */
  bytesCopy(name: string): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.bytes(name))
  }

  text(name: string, maxBytes = Number.POSITIVE_INFINITY): string {
    const bytes = this.bytes(name)
    if (bytes.byteLength > maxBytes) throw new FieldError(name, `is longer than ${maxBytes} bytes`)
    try {
      return strictUtf8.decode(bytes)
    } catch (cause) {
      throw new FieldError(name, 'is not UTF-8', { cause })
    }
  }

  nested(name: string, readers: FieldReaders): void {
    readFields(this.bytes(name), name, readers)
  }

  /** A uint64 that a number holds exactly. */
  uint(name: string): number {
    const value = this.#varint(name)
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new FieldError(name, 'is beyond 2^53')
    return Number(value)
  }

  /** A uint64; what a number cannot hold exactly becomes MAX_SAFE_INTEGER. */
  clampedUint(name: string): number {
    const value = this.#varint(name)
    return value > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : Number(value)
  }

  /** A fixed64 as 16 hexadecimal digits. */
  hex64(name: string): string {
    this.#expect(WIRE.fixed64, name)
    const value = whole(this.#owner, () => this.#from.fixed64())
    return BigInt.asUintN(64, value).toString(16).padStart(16, '0')
  }

  skip(): void {
    // Groups (3, 4) are not used by any protocol here, and skipping them recurses as deep as the sender likes.
    const known = Object.values<number>(WIRE).includes(this.#wireType)
    if (!known) throw new FieldError(this.#owner, `has a field of wire type ${this.#wireType}`)
    whole(this.#owner, () => this.#from.skipType(this.#wireType))
  }

  #varint(name: string): bigint {
    this.#expect(WIRE.varint, name)
    const value = whole(this.#owner, () => this.#from.uint64())
    endOfVarint(this.#from, name)
    return value
  }

  #expect(wireType: number, name: string): void {
    if (this.#wireType !== wireType) throw new FieldError(name, 'has the wrong wire type')
  }
}

/**
 * Reads every field in order. `owner` is what errors name when the message itself is at fault.
 *
 * @throws FieldError, and whatever the readers throw
 */
export function readFields(bytes: Uint8Array, owner: string, readers: FieldReaders): void {
  const from = reader(bytes)
  while (from.pos < from.len) {
    const tag = whole(owner, () => from.uint32())
    endOfVarint(from, owner)
    const number = tag >>> 3
    if (number === 0) throw new FieldError(owner, 'has a field number 0')
    const field = new Field(tag & 7, from, owner)
    const read = readers[number]
    if (read === undefined) field.skip()
    else read(field)
  }
}

function whole<T>(owner: string, read: () => T): T {
  try {
    return read()
  } catch (cause) {
    throw new TruncatedError(owner, { cause })
  }
}

/** The runtime's reader takes a varint that the buffer cuts off for a whole one. */
function endOfVarint(from: Reader, name: string): void {
  if (((from.buf[from.pos - 1] ?? CONTINUES) & CONTINUES) !== 0) throw new TruncatedError(name)
}
