// The writer of protobuf fields against literal bytes.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { FieldWriter, lengthPrefixed } from '../../../../shared/wire/field-writer.ts'

const written = (writer: FieldWriter): string => Buffer.from(writer.finish()).toString('hex')

describe('the writer of fields', () => {
  it('writes each kind of field as the encoding of protobuf has it', () => {
    assert.equal(written(new FieldWriter().uint(1, 300)), '08ac02')
    assert.equal(written(new FieldWriter().hex64(2, '0102')), '110201000000000000')
    assert.equal(written(new FieldWriter().bytes(3, Uint8Array.of(7, 8))), '1a020708')
    assert.equal(written(new FieldWriter().text(4, 'é')), '2202c3a9')
    const two = [Uint8Array.of(1), Uint8Array.of(2)]
    assert.equal(written(new FieldWriter().eachBytes(5, two)), '2a01012a0102')
  })

  it('writes tags of two bytes and the largest safe number', () => {
    assert.equal(written(new FieldWriter().uint(16, 1)), '800101')
    assert.equal(written(new FieldWriter().uint(1, Number.MAX_SAFE_INTEGER)), '08ffffffffffffff0f')
  })

  it('writes zero and emptiness out, and leaves out what is not there', () => {
    const writer = new FieldWriter().uint(1, 0).text(2, '').bytes(3, new Uint8Array())
    assert.equal(written(writer), '080012001a00')
    const nothing = new FieldWriter().uint(1, undefined).text(2, undefined).bytes(3, undefined)
    assert.equal(written(nothing.eachBytes(4, [])), '')
  })

  it('replaces half a surrogate pair, which the other side would refuse', () => {
    assert.equal(written(new FieldWriter().text(1, '\uD800')), '0a03efbfbd')
  })

  it('puts the length in front, in as many bytes as it takes', () => {
    assert.deepEqual(lengthPrefixed(new Uint8Array()), Uint8Array.of(0))
    assert.deepEqual(lengthPrefixed(Uint8Array.of(9)), Uint8Array.of(1, 9))
    assert.deepEqual([...lengthPrefixed(new Uint8Array(300)).subarray(0, 3)], [0xac, 0x02, 0])
  })
})
