// Bytes as a careless or hostile remote may send them: valid ones that were changed, cut, repeated, or none at all.
import * as fc from 'fast-check'

const EDIT = fc.record({
  kind: fc.constantFrom('set', 'insert', 'remove', 'repeat', 'cut'),
  at: fc.nat(),
  // Bytes with a meaning in protobuf and varints come more often than others.
  value: fc.oneof(
    fc.constantFrom(0, 1, 0x0a, 0x12, 0x7f, 0x80, 0xff),
    fc.integer({ min: 0, max: 255 })
  )
})

/** One of those, with up to five edits. */
export function mutated(valid: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> {
  return fc
    .tuple(fc.constantFrom(...valid), fc.array(EDIT, { minLength: 1, maxLength: 5 }))
    .map(([bytes, edits]) => {
      const all = [...bytes]
      for (const { kind, at: anywhere, value } of edits) {
        const at = anywhere % (all.length + 1)
        if (kind === 'set' && at < all.length) all[at] = value
        if (kind === 'insert') all.splice(at, 0, value)
        if (kind === 'remove') all.splice(at, value % 8)
        if (kind === 'repeat') all.splice(at, 0, ...all.slice(at, at + value))
        if (kind === 'cut') all.length = at
      }
      return Uint8Array.from(all)
    })
}

/** Valid, nearly valid, and nonsense. */
export const anyBytes = (valid: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> =>
  fc.oneof(
    { arbitrary: mutated(valid), weight: 4 },
    { arbitrary: fc.uint8Array({ maxLength: 300 }), weight: 1 }
  )

/** The same bytes in pieces, cut wherever the numbers say. */
export function inPieces(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const marks = cuts.map((cut) => cut % (bytes.byteLength + 1)).toSorted((a, b) => a - b)
  return [...marks, bytes.byteLength]
    .map((end, index) => bytes.subarray(marks[index - 1] ?? 0, end))
    .filter(({ byteLength }) => byteLength > 0)
}
