// The chat frames against literal bytes, and against bytes that nobody should send.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import {
  CHAT_LIMITS,
  ChatFormatError,
  decodeChatFrame,
  encodeChatFrame,
  type ChatFrame
} from '../../../../shared/wire/chat.ts'

const hex = (text: string): Uint8Array =>
  Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'))

const LITERALS: Array<[ChatFrame, string]> = [
  [
    { kind: 'hello', epoch: '0102030405060708', name: 'ann', rooms: ['a', 'bc'], nextSeq: 1 },
    '19 0a17 09 0807060504030201 1203616e6e 1a0161 1a026263 2001'
  ],
  [
    { kind: 'hello', epoch: 'ffffffffffffffff', name: '', rooms: [], nextSeq: 300 },
    '0e 0a0c 09 ffffffffffffffff 20ac02'
  ],
  [{ kind: 'welcome', epoch: '00000000000000ff', received: 0 }, '0d 120b 09 ff00000000000000 1000'],
  [
    { kind: 'message', seq: 1, id: 'x', room: 'r', sentAtMs: 1000, text: 'hé' },
    '12 1a10 0801 120178 1a0172 20e807 2a0368c3a9'
  ],
  [{ kind: 'message', seq: 2, id: 'x', sentAtMs: 0, text: '!' }, '0c 1a0a 0802 120178 2000 2a0121'],
  [{ kind: 'ack', received: 5 }, '04 2202 0805'],
  [{ kind: 'bye' }, '02 2a00'],
  [{ kind: 'bye', room: 'r', reason: 'gone' }, '0b 2a09 0a0172 1204676f6e65']
]

const body = (framed: Uint8Array): Uint8Array => framed.subarray(1)

const fault = (bytes: Uint8Array): string => {
  const result = decodeChatFrame(bytes)
  assert(result instanceof ChatFormatError, `decoded ${JSON.stringify(result)}`)
  return `${result.field}: ${result.message}`
}

const long = (limit: number): string => 'x'.repeat(limit + 1)

const faultOf = (frame: ChatFrame): string => {
  const framed = encodeChatFrame(frame)
  return fault(framed.subarray(framed.findIndex((byte) => byte < 0x80) + 1))
}

const text = (maxLength: number): fc.Arbitrary<string> =>
  fc.string({ unit: 'grapheme', minLength: 1, maxLength })

test('each frame is written as these very bytes, and read back from them', () => {
  for (const [frame, literal] of LITERALS) {
    assert.equal(Buffer.from(encodeChatFrame(frame)).toString('hex'), literal.replaceAll(' ', ''))
    assert.deepEqual(decodeChatFrame(body(hex(literal))), frame)
  }
})

test('fields of a later version are passed over, wherever they stand', () => {
  const extra = '3005 39 0000000000000000 4203616263 4d00000000'
  assert.deepEqual(decodeChatFrame(hex('220c 0805 4a086162636465666768')), {
    kind: 'ack',
    received: 5
  })
  assert.deepEqual(decodeChatFrame(hex(`${extra} 22020805 ${extra}`)), { kind: 'ack', received: 5 })
})

test('a frame of a later version is told as unknown', () => {
  assert.deepEqual(decodeChatFrame(hex('32020805')), { kind: 'unknown' })
  assert.deepEqual(decodeChatFrame(new Uint8Array(0)), { kind: 'unknown' })
})

test('a frame that breaks off is refused at every length', () => {
  for (const [frame, literal] of LITERALS) {
    const whole = body(hex(literal))
    for (let length = 1; length < whole.byteLength; length++) {
      const result = decodeChatFrame(whole.subarray(0, length))
      assert(result instanceof ChatFormatError, `${frame.kind} cut at ${length}`)
    }
  }
  assert.equal(fault(hex('220408ff80')), 'frame: frame is truncated')
  assert.equal(fault(hex('220208ff')), 'ack: ack is truncated')
  assert.equal(fault(hex('220508ffffffff')), 'ack.received: ack.received is truncated')
})

test('text that is not UTF-8 is refused by the name of its field', () => {
  assert.equal(
    fault(hex('1a0a 0802 120178 2000 2a01ff')),
    'message.text: message.text is not UTF-8'
  )
  assert.equal(fault(hex('1a0a 0802 1201c3 2000 2a0121')), 'message.id: message.id is not UTF-8')
})

test('what a message cannot do without is missed by name', () => {
  assert.equal(fault(hex('1a08 120178 2000 2a0121')), 'message.seq: message.seq is missing or zero')
  assert.equal(fault(hex('1a07 0802 2000 2a0121')), 'message.id: message.id is missing or zero')
  assert.equal(fault(hex('1a07 0802 120178 2000')), 'message.text: message.text is missing or zero')
  assert.equal(fault(hex('0a02 2001')), 'hello.epoch: hello.epoch is missing or zero')
  assert.equal(fault(hex('1202 1001')), 'welcome.epoch: welcome.epoch is missing or zero')
})

test('everything has its limit', () => {
  const hello = { kind: 'hello' as const, epoch: '01', name: '', rooms: [], nextSeq: 1 }
  const message = { kind: 'message', seq: 1, id: 'x', sentAtMs: 0, text: '!' } as const
  assert.match(faultOf({ ...hello, name: long(64) }), /^hello\.name: .* 64 bytes$/)
  assert.match(faultOf({ ...hello, rooms: [long(255)] }), /^hello\.rooms: .* 255 bytes$/)
  assert.match(faultOf({ ...hello, rooms: Array(17).fill('r') }), /^hello\.rooms: .*too many$/)
  assert.match(faultOf({ ...message, id: long(64) }), /^message\.id: /)
  assert.match(faultOf({ ...message, text: long(CHAT_LIMITS.maxTextBytes) }), /^message\.text: /)
  assert.match(faultOf({ ...message, text: long(80_000) }), /^frame: .* 73728 bytes$/)
  assert.match(faultOf({ kind: 'bye', reason: long(512) }), /^bye\.reason: /)
})

test('the largest message with every field at its limit fits into a frame', () => {
  const frame: ChatFrame = {
    kind: 'message',
    seq: Number.MAX_SAFE_INTEGER,
    id: 'i'.repeat(CHAT_LIMITS.maxIdBytes),
    room: 'r'.repeat(CHAT_LIMITS.maxRoomBytes),
    sentAtMs: 8_640_000_000_000_000,
    text: 't'.repeat(CHAT_LIMITS.maxTextBytes)
  }
  const framed = encodeChatFrame(frame)
  assert.deepEqual(decodeChatFrame(framed.subarray(3)), frame)
})

test('a number beyond 2^53, a moment that is no date and a wrong wire type are refused', () => {
  assert.equal(
    fault(hex('220b 08ffffffffffffffffff01')),
    'ack.received: ack.received is beyond 2^53'
  )
  assert.match(fault(hex('1a11 0802 120178 20ffffffffffffff0f 2a0121')), /^message\.sentAtMs: /)
  assert.match(fault(hex('2203 0a0105')), /^ack\.received: .*wire type$/)
  assert.match(fault(hex('2005')), /^frame: .*wire type$/)
  assert.match(fault(hex('33')), /^frame: .*wire type 3$/)
})

test('a length or a count that promises what is not there costs nothing', () => {
  assert.match(fault(hex('0affffffff0f')), /^frame: /)
  assert.match(fault(hex(`0a80fa01${'1a00'.repeat(16_000)}`)), /^hello\.rooms: .*too many$/)
  assert.match(fault(Uint8Array.from({ length: 72 * 1024 }, () => 0x33)), /^frame: /)
})

test('what is decoded does not keep the buffer it came from', () => {
  const buffer = body(hex('12 1a10 0801 120178 1a0172 20e807 2a0368c3a9'))
  const frame = decodeChatFrame(buffer)
  buffer.fill(0)
  assert.deepEqual(frame, {
    kind: 'message',
    seq: 1,
    id: 'x',
    room: 'r',
    sentAtMs: 1000,
    text: 'hé'
  })
})

test('any bytes give a frame or a named error, never an exception', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const result = decodeChatFrame(bytes)
      assert(result instanceof ChatFormatError || typeof result.kind === 'string')
    }),
    { numRuns: 5_000 }
  )
})

test('a frame with some of its bytes changed gives a frame or a named error', () => {
  const frames = LITERALS.map(([, literal]) => body(hex(literal)))
  const change = fc.tuple(fc.nat(30), fc.integer({ min: 0, max: 255 }))
  fc.assert(
    fc.property(
      fc.constantFrom(...frames),
      fc.array(change, { maxLength: 4 }),
      (frame, changes) => {
        const bytes = Uint8Array.from(frame)
        for (const [at, value] of changes) bytes[at % bytes.byteLength] = value
        const result = decodeChatFrame(bytes)
        assert(result instanceof ChatFormatError || typeof result.kind === 'string')
      }
    ),
    { numRuns: 5_000 }
  )
})

test('any message comes back as it went', () => {
  const message = fc.record(
    {
      kind: fc.constant('message' as const),
      seq: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
      id: fc.uuid(),
      room: text(20),
      sentAtMs: fc.nat(),
      text: text(80)
    },
    { noNullPrototype: true }
  )
  fc.assert(
    fc.property(message, (frame) => {
      const framed = encodeChatFrame(frame)
      const prefix = framed.findIndex((byte) => byte < 0x80) + 1
      assert.deepEqual(decodeChatFrame(framed.subarray(prefix)), frame)
    })
  )
})
