// The reader of protobuf fields against literal bytes, well formed, broken off and made up.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import {
  type Field,
  FieldError,
  type FieldReaders,
  readFields,
  TruncatedError
} from '../../../../shared/wire/field-reader.ts'

const hex = (text: string): Uint8Array =>
  Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'))

const read = (bytes: string, readers: FieldReaders): void =>
  readFields(hex(bytes), 'order', readers)

/** What one reading method makes of field 1. */
function first<T>(bytes: string, take: (field: Field) => T): T | undefined {
  const found: { value?: T } = {}
  read(bytes, { 1: (field) => (found.value = take(field)) })
  return found.value
}

const uint = (field: Field): number => field.uint('order.count')
const clamped = (field: Field): number => field.clampedUint('order.count')
const text = (field: Field): string => field.text('order.name', 3)
const id = (field: Field): string => field.hex64('order.id')
const item = (field: Field): void => field.nested('order.item', { 1: uint })
const MAX_UINT64 = '08 ffffffffffffffffff01'

describe('the reader of fields', () => {
  it('hands each field to its reader, in order, as often as it comes', () => {
    const seen: unknown[] = []
    read('1201aa 0803 1201bb', {
      1: (field) => seen.push(field.uint('order.count')),
      2: (field) => seen.push(...field.bytes('order.item'))
    })
    assert.deepEqual(seen, [0xaa, 3, 0xbb])
  })

  it('skips the fields that nobody reads, of every width', () => {
    const strange = '7801 7d01020304 79 0102030405060708 7a02ffff'
    assert.equal(first(`${strange} 0805 ${strange}`, uint), 5)
  })

  it('skips a field that its reader does not want', () => {
    assert.equal(
      first('0a0161 1001', (field) => field.skip()),
      undefined
    )
  })

  it('reads 64 bits exactly, or as the largest safe number where that will do', () => {
    assert.equal(first('08 ffffffffffffff0f', uint), Number.MAX_SAFE_INTEGER)
    assert.throws(() => first('08 8080808080808010', uint), {
      message: 'order.count is beyond 2^53'
    })
    assert.equal(first('08 8080808080808010', clamped), Number.MAX_SAFE_INTEGER)
    assert.equal(first(MAX_UINT64, clamped), Number.MAX_SAFE_INTEGER)
    assert.equal(first('08ac02', clamped), 300)
  })

  it('reads 64 fixed bits as hexadecimal digits', () => {
    assert.equal(first('09 efcdab0000000080', id), '8000000000abcdef')
    assert.equal(first('09 ff00000000000000', id), '00000000000000ff')
  })

  it('gives a view of bytes that are decoded further, and a copy of bytes that are kept', () => {
    // A Buffer, whose slice is a view.
    const buffer = Buffer.from(hex('0a02aabb 1202ccdd'))
    const taken: { view?: Uint8Array; copy?: Uint8Array } = {}
    readFields(buffer, 'order', {
      1: (field) => (taken.view = field.bytes('order.item')),
      2: (field) => (taken.copy = field.bytesCopy('order.item'))
    })
    buffer.fill(0)
    assert.deepEqual([...(taken.view ?? [])], [0, 0])
    assert.deepEqual([...(taken.copy ?? [])], [0xcc, 0xdd])
    assert.equal(taken.copy?.buffer.byteLength, 2)
  })

  it('keeps a byte order mark, and refuses text that is long or not UTF-8', () => {
    assert.equal(first('0a03efbbbf', text), '\uFEFF')
    assert.throws(() => first('0a0461626364', text), {
      message: 'order.name is longer than 3 bytes'
    })
    assert.throws(() => first('0a01ff', text), { message: 'order.name is not UTF-8' })
    assert.throws(() => first('0a03eda080', text), { message: 'order.name is not UTF-8' })
  })

  it('names the inner message when that one is at fault', () => {
    assert.throws(() => first('0a0108', item), { message: 'order.item is truncated' })
    assert.throws(() => first('0a020a00', item), { message: 'order.count has the wrong wire type' })
    assert.throws(() => first('0805', item), { message: 'order.item has the wrong wire type' })
  })

  it('reads no varint past the end of the message that it stands in', () => {
    const seen: number[] = []
    read('0a020805 0a03088001', {
      1: (field) => field.nested('order.item', { 1: (inner) => seen.push(uint(inner)) })
    })
    assert.deepEqual(seen, [5, 128])
    // Each is complete only with the byte behind the inner message.
    for (const bytes of ['0a0108 05', '0a020880 01', '0a0408808080 01', '0a0508ffffffff 01']) {
      assert.throws(() => first(bytes, item), TruncatedError, bytes)
    }
  })

  it('lets an exception of a reader through as it is', () => {
    const wanted = new RangeError('too many')
    const refuse = (): never => {
      throw wanted
    }
    assert.throws(
      () => read('0801', { 1: refuse }),
      (error) => error === wanted
    )
  })

  for (const [what, bytes] of [
    ['a tag that goes on', '88'],
    ['a tag of eleven bytes', 'ffffffffffffffffffff01'],
    ['a tag without its value', '08'],
    ['a varint cut after one byte', '0880'],
    ['a varint cut after three bytes', '08808080'],
    ['a varint cut after four bytes', '0880808080'],
    ['a varint cut after nine bytes', '08808080808080808080'],
    ['a varint of eleven bytes', '08ffffffffffffffffffff01'],
    ['an unknown varint that goes on', '1080'],
    ['an unknown fixed64 of seven bytes', '1101020304050607'],
    ['unknown bytes beyond the end', '1202aa'],
    ['a length of 2^32 - 1', '12ffffffff0f']
  ] as const) {
    it(`takes ${what} for truncated`, () => {
      assert.throws(() => first(bytes, clamped), TruncatedError)
    })
  }

  it('refuses groups without going into them, field number 0, and a wrong wire type', () => {
    assert.throws(() => read('0b'.repeat(100_000), {}), {
      name: 'FieldError',
      message: 'order has a field of wire type 3'
    })
    assert.throws(() => read('0c', {}), { message: 'order has a field of wire type 4' })
    assert.throws(() => read('0001', {}), { message: 'order has a field number 0' })
    assert.throws(() => first('0a00', uint), { message: 'order.count has the wrong wire type' })
    assert.throws(() => first('0801', text), { message: 'order.name has the wrong wire type' })
  })

  it('says which field it is, and what is wrong with it, in two pieces too', () => {
    assert.throws(() => first('0a00', uint), {
      field: 'order.count',
      problem: 'has the wrong wire type'
    })
  })

  it('throws nothing but named errors, whatever the bytes', () => {
    const readers = { 1: clamped, 2: text, 3: id }
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        try {
          readFields(bytes, 'order', readers)
        } catch (error) {
          assert(error instanceof FieldError, String(error))
        }
      }),
      { numRuns: 5_000 }
    )
  })
})
