// Every frame that the chat protocol allows, for property tests.
import * as fc from 'fast-check'
import { CHAT_LIMITS, type ChatFrame } from '../../shared/wire/chat.ts'

const MAX_DATE_MS = 8_640_000_000_000_000
const { maxIdBytes, maxNameBytes, maxReasonBytes, maxRoomBytes, maxRooms, maxTextBytes } =
  CHAT_LIMITS

/** As much text as fits, from controls to emoji. */
const text = (maxBytes: number, minLength = 0): fc.Arbitrary<string> =>
  fc
    .oneof(
      fc.string({ unit: 'grapheme', minLength, maxLength: 40 }),
      fc.string({ unit: 'binary', minLength, maxLength: 40 }).map((any) => any.toWellFormed()),
      fc.constant('x'.repeat(maxBytes))
    )
    .filter((any) => Buffer.byteLength(any) <= maxBytes)

const seq = (min: number): fc.Arbitrary<number> =>
  fc.oneof(
    fc.integer({ min, max: 9 }),
    fc.integer({ min, max: Number.MAX_SAFE_INTEGER }),
    fc.constant(Number.MAX_SAFE_INTEGER)
  )

const epoch = fc.oneof(
  fc.constantFrom('0000000000000001', 'ffffffffffffffff'),
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map((any) => any.toString(16).padStart(16, '0'))
)

const plain = { noNullPrototype: true } as const
export const MESSAGE_FRAME = fc
  .tuple(
    fc.record(
      {
        kind: fc.constant('message' as const),
        seq: seq(1),
        id: text(maxIdBytes, 1),
        sentAtMs: fc.integer({ min: 0, max: MAX_DATE_MS }),
        text: text(maxTextBytes, 1)
      },
      plain
    ),
    fc.option(text(maxRoomBytes, 1), { nil: undefined })
  )
  .map(([message, room]) => (room === undefined ? message : { ...message, room }))

export const HELLO_FRAME = fc.record(
  {
    kind: fc.constant('hello' as const),
    epoch,
    name: text(maxNameBytes),
    rooms: fc.array(text(maxRoomBytes, 1), { maxLength: maxRooms }),
    nextSeq: seq(1)
  },
  plain
)

export const CHAT_FRAME: fc.Arbitrary<ChatFrame> = fc.oneof(
  HELLO_FRAME,
  fc.record({ kind: fc.constant('welcome' as const), epoch, received: seq(0) }, plain),
  MESSAGE_FRAME,
  fc.record({ kind: fc.constant('ack' as const), received: seq(0) }, plain),
  fc.record(
    {
      kind: fc.constant('bye' as const),
      room: text(maxRoomBytes, 1),
      reason: text(maxReasonBytes, 1)
    },
    { noNullPrototype: true, requiredKeys: ['kind'] }
  )
)
