// Writes the fields of a protobuf message in the order of the calls; those without a value are left out. (pure)
import { writer } from 'protons-runtime'

/** The wire types in use; groups (3, 4) are not. */
export const WIRE = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const

export class FieldWriter {
  readonly #writer = writer()

  /** Integers from 0 to MAX_SAFE_INTEGER. Zero is written out. */
  uint(field: number, value: number | undefined): this {
    if (value !== undefined) this.#writer.uint32((field << 3) | WIRE.varint).uint64Number(value)
    return this
  }

  /** A fixed64 from up to 16 hexadecimal digits. */
  hex64(field: number, digits: string): this {
    this.#writer.uint32((field << 3) | WIRE.fixed64).fixed64(BigInt(`0x${digits}`))
    return this
  }

  /** Also for a message inside of this one: what another writer has finished. */
  bytes(field: number, value: Uint8Array | undefined): this {
    if (value !== undefined) this.#writer.uint32((field << 3) | WIRE.bytes).bytes(value)
    return this
  }

  eachBytes(field: number, values: readonly Uint8Array[]): this {
    for (const value of values) this.bytes(field, value)
    return this
  }

  text(field: number, value: string | undefined): this {
    return this.bytes(field, value === undefined ? undefined : Buffer.from(value, 'utf8'))
  }

  finish(): Uint8Array {
    return this.#writer.finish()
  }
}

/** The bytes behind their uvarint length, ready for a stream. */
export function lengthPrefixed(bytes: Uint8Array): Uint8Array {
  return writer().bytes(bytes).finish()
}
