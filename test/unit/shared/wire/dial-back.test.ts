// The messages of /parley/dial-back/1.0.0, byte for byte, and what is refused.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { Uint8ArrayList } from 'uint8arraylist'
import {
  decodeDialBackAnswer,
  decodeDialBackLength,
  decodeDialBackRequest,
  DialBackMessageError,
  encodeDialBackAnswer,
  encodeDialBackRequest,
  type DialBackOutcome
} from '../../../../shared/wire/dial-back.ts'

const length = (...bytes: number[]): number =>
  decodeDialBackLength(new Uint8ArrayList(Uint8Array.from(bytes)))
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

describe('a request to be dialled back', () => {
  it('is a port in field 1', () => {
    assert.equal(hex(encodeDialBackRequest(45680)), '08f0e402')
    assert.equal(decodeDialBackRequest(Buffer.from('08f0e402', 'hex')), 45680)
  })

  it('has a port, and nothing that a later version adds matters', () => {
    for (const wrong of ['', '0800', '08808004', '0a0401020304']) {
      const bytes = Buffer.from(wrong, 'hex')
      assert.throws(() => decodeDialBackRequest(bytes), DialBackMessageError, wrong)
    }
    assert.equal(decodeDialBackRequest(Buffer.from('08f0e4021203010203', 'hex')), 45680)
  })
})

describe('the answer', () => {
  const ANSWERS: Record<DialBackOutcome, string> = {
    unable: '0800',
    connected: '0801',
    refused: '0802',
    silent: '0803'
  }
  for (const outcome of ['unable', 'connected', 'refused', 'silent'] as const) {
    it(`${outcome} is ${ANSWERS[outcome]}`, () => {
      assert.equal(hex(encodeDialBackAnswer(outcome)), ANSWERS[outcome])
      assert.equal(decodeDialBackAnswer(Buffer.from(ANSWERS[outcome], 'hex')), outcome)
    })
  }

  it('that nobody knows says nothing', () => {
    for (const unknown of ['', '0804', '08ffffffffffffffffff01']) {
      assert.equal(decodeDialBackAnswer(Buffer.from(unknown, 'hex')), 'unable')
    }
  })
})

it('a message is short, and its length known by then', () => {
  assert.equal(length(64), 64)
  assert.throws(() => length(65), DialBackMessageError)
  assert.throws(() => length(0x80), RangeError)
  assert.throws(() => length(0x80, 0x80, 0x80), DialBackMessageError)
})

it('whatever bytes there are, these messages or a DialBackMessageError is what they are', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      for (const decode of [decodeDialBackRequest, decodeDialBackAnswer]) {
        try {
          decode(bytes)
        } catch (error) {
          assert.ok(error instanceof DialBackMessageError, String(error))
        }
      }
    })
  )
})
