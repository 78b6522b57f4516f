// The wire format of conversations, `/parley/chat/1.0.0`: frames in, values out. (pure)
//
// The opener of a stream sends HELLO, waits for WELCOME and sends MESSAGEs from `received + 1` on; the other side
// answers with ACKs on the same stream. Each frame is a protobuf `Frame` behind its uvarint length:
//
//   message Frame   { oneof kind { Hello hello = 1; Welcome welcome = 2; Message message = 3; Ack ack = 4; Bye bye = 5; } }
//   message Hello   { fixed64 epoch = 1; string name = 2; repeated string rooms = 3; uint64 next_seq = 4; }
//   message Welcome { fixed64 epoch = 1; uint64 received = 2; }
//   message Message { uint64 seq = 1; string id = 2; string room = 3; uint64 sent_at_ms = 4; string text = 5; }
//   message Ack     { uint64 received = 1; }
//   message Bye     { string room = 1; string reason = 2; }
import { type Field, FieldError, readFields } from './field-reader.ts'
import { FieldWriter, lengthPrefixed } from './field-writer.ts'

export const CHAT_PROTOCOL = '/parley/chat/1.0.0'

/** Bytes of UTF-8 unless the name says otherwise. */
export const CHAT_LIMITS = {
  maxTextBytes: 64 * 1024,
  maxNameBytes: 64,
  maxRooms: 16,
  maxRoomBytes: 255,
  /** A UUID takes 36. */
  maxIdBytes: 64,
  maxReasonBytes: 512,
  /** The longest text with every other field at its limit, and room for fields to come. */
  maxFrameBytes: 72 * 1024
} as const

/** The opener introduces itself and the run of numbers that its messages belong to. */
export interface Hello {
  kind: 'hello'
  /** 16 hexadecimal digits, random: numbers restart only under a new epoch. */
  epoch: string
  name: string
  rooms: string[]
  /** The first number that may come on this stream: everything below it was acknowledged or given up. From 1. */
  nextSeq: number
}

/** The receiver tells what it has of that epoch: sending goes on at `received + 1`. 0: nothing. */
export interface Welcome {
  kind: 'welcome'
  epoch: string
  received: number
}

export interface ChatMessage {
  kind: 'message'
  seq: number
  id: string
  /** Absent: meant for the receiver alone. */
  room?: string
  /** Milliseconds since 1970 on the sender's clock. */
  sentAtMs: number
  text: string
}

/** Everything up to and including `received` has arrived. */
export interface Ack {
  kind: 'ack'
  received: number
}

/** From the opener: it leaves (`room`, or altogether). From the receiver: it will not listen, and why. */
export interface Bye {
  kind: 'bye'
  room?: string
  reason?: string
}

/** A frame of a later version: to be passed over. */
export interface UnknownFrame {
  kind: 'unknown'
}

export type ChatFrame = Hello | Welcome | ChatMessage | Ack | Bye
export type DecodedChatFrame = ChatFrame | UnknownFrame

/** Why bytes are not a frame: `field` is the one at fault (`message.text`, `frame`, …). */
export class ChatFormatError extends Error {
  override name = 'ChatFormatError'
  readonly field: string

  constructor(field: string, problem: string) {
    super(`${field} ${problem}`)
    this.field = field
  }
}

const KIND_FIELDS = { hello: 1, welcome: 2, message: 3, ack: 4, bye: 5 } as const

/** The largest moment that a `Date` can hold. */
const MAX_DATE_MS = 8_640_000_000_000_000

/** The frame behind its length, ready for a stream. The caller keeps to `CHAT_LIMITS`. */
export function encodeChatFrame(frame: ChatFrame): Uint8Array {
  const body = encodeBody(frame)
  return lengthPrefixed(new FieldWriter().bytes(KIND_FIELDS[frame.kind], body).finish())
}

function encodeBody(frame: ChatFrame): Uint8Array {
  const to = new FieldWriter()
  switch (frame.kind) {
    case 'hello':
      to.hex64(1, frame.epoch).text(2, unlessEmpty(frame.name))
      for (const room of frame.rooms) to.text(3, room)
      return to.uint(4, frame.nextSeq).finish()
    case 'welcome':
      return to.hex64(1, frame.epoch).uint(2, frame.received).finish()
    case 'message':
      return to
        .uint(1, frame.seq)
        .text(2, unlessEmpty(frame.id))
        .text(3, unlessEmpty(frame.room))
        .uint(4, frame.sentAtMs)
        .text(5, unlessEmpty(frame.text))
        .finish()
    case 'ack':
      return to.uint(1, frame.received).finish()
    case 'bye':
      return to.text(1, unlessEmpty(frame.room)).text(2, unlessEmpty(frame.reason)).finish()
    default:
      return frame satisfies never
  }
}

/** In proto3 an empty text and none are the same, and none is shorter. */
const unlessEmpty = (text: string | undefined): string | undefined =>
  text === '' ? undefined : text

/** Reads one frame, without its length. Unknown fields are skipped, unknown kinds told as `unknown`. */
export function decodeChatFrame(bytes: Uint8Array): DecodedChatFrame | ChatFormatError {
  if (bytes.byteLength > CHAT_LIMITS.maxFrameBytes) {
    return new ChatFormatError('frame', `is longer than ${CHAT_LIMITS.maxFrameBytes} bytes`)
  }
  try {
    return decodeFrame(bytes)
  } catch (error) {
    if (error instanceof FieldError) return new ChatFormatError(error.field, error.problem)
    throw error
  }
}

function decodeFrame(bytes: Uint8Array): DecodedChatFrame {
  let frame: DecodedChatFrame = { kind: 'unknown' }
  const as = (decode: (bytes: Uint8Array) => ChatFrame) => (field: Field) => {
    frame = decode(field.bytes('frame'))
  }
  readFields(bytes, 'frame', {
    [KIND_FIELDS.hello]: as(decodeHello),
    [KIND_FIELDS.welcome]: as(decodeWelcome),
    [KIND_FIELDS.message]: as(decodeMessage),
    [KIND_FIELDS.ack]: as(decodeAck),
    [KIND_FIELDS.bye]: as(decodeBye)
  })
  return frame
}

function decodeHello(bytes: Uint8Array): Hello {
  const hello: Hello = { kind: 'hello', epoch: '', name: '', rooms: [], nextSeq: 0 }
  readFields(bytes, 'hello', {
    1: (field) => (hello.epoch = field.hex64('hello.epoch')),
    2: (field) => (hello.name = field.text('hello.name', CHAT_LIMITS.maxNameBytes)),
    3: (field) => addRoom(hello.rooms, field),
    4: (field) => (hello.nextSeq = field.uint('hello.nextSeq'))
  })
  demand(hello.epoch !== '', 'hello.epoch')
  demand(hello.nextSeq > 0, 'hello.nextSeq')
  return hello
}

function addRoom(rooms: string[], field: Field): void {
  rooms.push(field.text('hello.rooms', CHAT_LIMITS.maxRoomBytes))
  demand(rooms.length <= CHAT_LIMITS.maxRooms, 'hello.rooms', 'are too many')
}

function decodeWelcome(bytes: Uint8Array): Welcome {
  const welcome: Welcome = { kind: 'welcome', epoch: '', received: 0 }
  readFields(bytes, 'welcome', {
    1: (field) => (welcome.epoch = field.hex64('welcome.epoch')),
    2: (field) => (welcome.received = field.uint('welcome.received'))
  })
  demand(welcome.epoch !== '', 'welcome.epoch')
  return welcome
}

function decodeMessage(bytes: Uint8Array): ChatMessage {
  const { maxIdBytes, maxRoomBytes, maxTextBytes } = CHAT_LIMITS
  const message: ChatMessage = { kind: 'message', seq: 0, id: '', sentAtMs: 0, text: '' }
  readFields(bytes, 'message', {
    1: (field) => (message.seq = field.uint('message.seq')),
    2: (field) => (message.id = field.text('message.id', maxIdBytes)),
    3: (field) => (message.room = field.text('message.room', maxRoomBytes)),
    4: (field) => (message.sentAtMs = field.uint('message.sentAtMs')),
    5: (field) => (message.text = field.text('message.text', maxTextBytes))
  })
  demand(message.seq > 0, 'message.seq')
  demand(message.id !== '', 'message.id')
  demand(message.text !== '', 'message.text')
  demand(message.sentAtMs <= MAX_DATE_MS, 'message.sentAtMs', 'is not a date')
  return message
}

function decodeAck(bytes: Uint8Array): Ack {
  const ack: Ack = { kind: 'ack', received: 0 }
  readFields(bytes, 'ack', { 1: (field) => (ack.received = field.uint('ack.received')) })
  return ack
}

function decodeBye(bytes: Uint8Array): Bye {
  const bye: Bye = { kind: 'bye' }
  readFields(bytes, 'bye', {
    1: (field) => (bye.room = field.text('bye.room', CHAT_LIMITS.maxRoomBytes)),
    2: (field) => (bye.reason = field.text('bye.reason', CHAT_LIMITS.maxReasonBytes))
  })
  return bye
}

function demand(holds: boolean, field: string, problem = 'is missing or zero'): void {
  if (!holds) throw new FieldError(field, problem)
}
