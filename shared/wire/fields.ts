// Protobuf fields, one at a time, for codecs that are written by hand. Pure: bytes in, values out.
import { reader, writer } from 'protons-runtime'

const VARINT = 0
const FIXED64 = 1
const BYTES = 2
const FIXED32 = 5

// Names are compared as they stand: a byte order mark is a part of them.
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** A varint, or the bytes of a length-delimited field. */
export type FieldValue = bigint | Uint8Array

/** Writes fields in order; those without a value are left out. */
export class FieldWriter {
  readonly #writer = writer()

  varint(field: number, value: number | undefined): this {
    if (value !== undefined) this.#writer.uint32((field << 3) | VARINT).uint64(BigInt(value))
    return this
  }

  bytes(field: number, value: Uint8Array | undefined): this {
    if (value !== undefined) this.#writer.uint32((field << 3) | BYTES).bytes(value)
    return this
  }

  text(field: number, value: string | undefined): this {
    return this.bytes(field, value === undefined ? undefined : Buffer.from(value, 'utf8'))
  }

  finish(): Uint8Array {
    return this.#writer.finish()
  }
}

/**
 * The varint and length-delimited fields, in order, as views; fixed-width ones are skipped, groups refused.
 *
 * @throws Error when the bytes are no protobuf message
 */
export function* fields(bytes: Uint8Array): Generator<{ field: number; value: FieldValue }> {
  const r = reader(bytes)
  while (r.pos < r.len) {
    const tag = r.uint32()
    const field = tag >>> 3
    if (field === 0) throw malformed('field number 0')
    const value = readValue(r, tag & 7)
    // The reader looks one byte past the end when a long varint is cut there.
    if (r.pos > r.len) throw malformed('truncated')
    if (value !== undefined) yield { field, value }
  }
}

function readValue(r: ReturnType<typeof reader>, wireType: number): FieldValue | undefined {
  switch (wireType) {
    case VARINT:
      return r.uint64()
    case BYTES:
      return r.bytes()
    case FIXED64:
    case FIXED32:
      r.skipType(wireType)
      return undefined
    default:
      // Groups nest without limit; nobody uses them.
      throw malformed(`wire type ${wireType}`)
  }
}

/** Numbers beyond the safe integers are clamped to the largest. */
export function asNumber(value: FieldValue): number {
  if (typeof value !== 'bigint') throw malformed('bytes where a number belongs')
  return value > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : Number(value)
}

/** A view of the decoded buffer: for what is decoded further and dropped. */
export function asBytes(value: FieldValue): Uint8Array {
  if (typeof value === 'bigint') throw malformed('a number where bytes belong')
  return value
}

/** For what is kept. (`slice` will not do: that of a Buffer is a view.) */
export function asBytesCopy(value: FieldValue): Uint8Array<ArrayBuffer> {
  return new Uint8Array(asBytes(value))
}

/** Strict: a lossy decoding would make two different names one. */
export function asText(value: FieldValue): string {
  try {
    return utf8.decode(asBytes(value))
  } catch {
    throw malformed('text that is not UTF-8')
  }
}

function malformed(what: string): Error {
  return new Error(`malformed message: ${what}`)
}
