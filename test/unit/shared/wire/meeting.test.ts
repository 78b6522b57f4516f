// The messages of /parley/meeting/1.0.0 as bytes.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  decodeMeet,
  decodeSubscribe,
  encodeMeet,
  encodeSubscribe,
  MAX_MEET_BYTES,
  MAX_SUBSCRIBE_BYTES,
  MAX_SUBSCRIBED_ROOMS
} from '../../../../shared/wire/meeting.ts'
import { MAX_NAMESPACE_BYTES, MAX_RECORD_BYTES } from '../../../../shared/wire/rendezvous.ts'

const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'hex'))
const RECORD = Uint8Array.of(1, 2, 3)

describe('the messages of a meeting', () => {
  it('are these bytes', () => {
    assert.deepEqual(encodeSubscribe({ rooms: ['hall', 'bar'] }), hex('0a0468616c6c0a03626172'))
    const meet = encodeMeet({ room: 'hall', signedPeerRecord: RECORD })
    assert.deepEqual(meet, hex('0a0468616c6c1203010203'))
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
    assert.deepEqual(decodeMeet(meet), { room, signedPeerRecord })
  })

  it('pass over what a later version may add', () => {
    const later = hex('7a0101')
    assert.deepEqual(
      decodeSubscribe(Buffer.concat([encodeSubscribe({ rooms: ['bar'] }), later])).rooms,
      ['bar']
    )
    const meet = encodeMeet({ room: 'bar', signedPeerRecord: RECORD })
    assert.deepEqual(decodeMeet(Buffer.concat([meet, later])).signedPeerRecord, RECORD)
  })

  const WRONG: Array<[what: string, decode: () => unknown]> = [
    [
      'more rooms than anybody is in',
      () => decodeSubscribe(encodeSubscribe({ rooms: Array<string>(33).fill('bar') }))
    ],
    ['a room with too long a name', () => decodeSubscribe(hex(`0a8002${'78'.repeat(256)}`))],
    ['a message that is cut', () => decodeMeet(hex('0a0468'))],
    ['a wrong wire type', () => decodeMeet(hex('0801'))]
  ]
  for (const [what, decode] of WRONG) {
    it(`are refused: ${what}`, () => {
      assert.throws(decode, /^MeetingMessageError: malformed meeting message: /)
    })
  }
})
