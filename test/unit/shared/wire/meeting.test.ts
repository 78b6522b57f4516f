// The messages of /parley/meeting/1.0.0 as bytes.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { readFields } from '../../../../shared/wire/field-reader.ts'
import {
  decodeNotice,
  decodeSubscribe,
  encodeLeaving,
  encodeMeet,
  encodeSubscribe,
  MAX_MEET_BYTES,
  MAX_SUBSCRIBE_BYTES,
  MAX_SUBSCRIBED_ROOMS,
  type Notice
} from '../../../../shared/wire/meeting.ts'
import { MAX_NAMESPACE_BYTES, MAX_RECORD_BYTES } from '../../../../shared/wire/rendezvous.ts'

const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'hex'))
const RECORD = Uint8Array.of(1, 2, 3)

describe('the messages of a meeting', () => {
  it('are these bytes', () => {
    assert.deepEqual(encodeSubscribe({ rooms: ['hall', 'bar'] }), hex('0a0468616c6c0a03626172'))
    const meet = encodeMeet({ room: 'hall', signedPeerRecord: RECORD })
    assert.deepEqual(meet, hex('0a0468616c6c1203010203'))
    assert.deepEqual(encodeLeaving({ seconds: 300 }), hex('18ac02'))
  })

  it('come back as they went, the largest too', () => {
    const room = 'x'.repeat(MAX_NAMESPACE_BYTES)
    const rooms = Array<string>(MAX_SUBSCRIBED_ROOMS).fill(room)
    const subscribe = encodeSubscribe({ rooms })
    assert.ok(subscribe.byteLength <= MAX_SUBSCRIBE_BYTES)
    assert.deepEqual(decodeSubscribe(subscribe), { rooms })
    const signedPeerRecord = new Uint8Array(MAX_RECORD_BYTES).fill(7)
    const meet = encodeMeet({ room, signedPeerRecord })
    assert.ok(meet.byteLength <= MAX_MEET_BYTES)
    assert.deepEqual(decodeNotice(meet), { type: 'meet', room, signedPeerRecord })
  })

  it('pass over what a later version may add', () => {
    const later = hex('7a0101')
    assert.deepEqual(
      decodeSubscribe(Buffer.concat([encodeSubscribe({ rooms: ['bar'] }), later])).rooms,
      ['bar']
    )
    const meet = encodeMeet({ room: 'bar', signedPeerRecord: RECORD })
    const told = { type: 'meet', room: 'bar', signedPeerRecord: RECORD }
    assert.deepEqual(decodeNotice(Buffer.concat([meet, later])), told)
    const leaving = Buffer.concat([encodeLeaving({ seconds: 0 }), later])
    assert.deepEqual(decodeNotice(leaving), { type: 'leaving', seconds: 0 })
  })

  it('say that a relay leaves in a way that who does not know it passes over', () => {
    const read: Record<number, unknown> = {}
    const known = { 1: () => (read[1] = true), 2: () => (read[2] = true) }
    readFields(encodeLeaving({ seconds: 8 }), 'meet', known)
    assert.deepEqual(read, {}, 'a meeting in a room without a name')
  })

  it('come back as they went, whatever they say', () => {
    const meeting = fc
      .tuple(
        fc.string({ unit: 'grapheme', maxLength: 60 }),
        fc.uint8Array({ maxLength: MAX_RECORD_BYTES })
      )
      .map(([room, signedPeerRecord]): Notice => ({ type: 'meet', room, signedPeerRecord }))
    const leaving = fc.maxSafeNat().map((seconds): Notice => ({ type: 'leaving', seconds }))
    fc.assert(
      fc.property(fc.oneof(meeting, leaving), (notice) => {
        const bytes = notice.type === 'meet' ? encodeMeet(notice) : encodeLeaving(notice)
        assert.deepEqual(decodeNotice(bytes), notice)
      })
    )
  })

  const WRONG: Array<[what: string, decode: () => unknown]> = [
    [
      'more rooms than anybody is in',
      () => decodeSubscribe(encodeSubscribe({ rooms: Array<string>(33).fill('bar') }))
    ],
    ['a room with too long a name', () => decodeSubscribe(hex(`0a8002${'78'.repeat(256)}`))],
    ['a message that is cut', () => decodeNotice(hex('0a0468'))],
    ['a wrong wire type', () => decodeNotice(hex('0801'))],
    ['seconds that are text', () => decodeNotice(hex('1a0138'))]
  ]
  for (const [what, decode] of WRONG) {
    it(`are refused: ${what}`, () => {
      assert.throws(decode, /^MeetingMessageError: malformed meeting message: /)
    })
  }
})
