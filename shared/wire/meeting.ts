// `/parley/meeting/1.0.0` on the wire: a member of a room is told of those whom it may punch with now. (pure)
//
// A peer opens one stream to its relay, keeps it, and says SUBSCRIBE on it: in these rooms it wants to be told. From
// then on the relay sends MEET, whenever the peer and another subscriber are both registered in one of them and have
// not been told of each other as they are registered now. Both are told in the same instant, each with the signed
// record that the other has registered (numbered by the clock, in Unix milliseconds), and that instant is when both
// begin to dial: whoever has the smaller peer id, as text, is the client of the connection, the other one its server.
// Nothing is answered. Whoever closes the stream is told nothing more; DISCOVER says the same, later.
// A relay that is told to stop says LEAVING, once on each stream. It has a field of its own in the one message that
// relays send, so that peers from before it take it for a meeting in a room without a name, which nobody is in.
import { FieldError, readFields } from './field-reader.ts'
import { FieldWriter } from './field-writer.ts'
import { MAX_NAMESPACE_BYTES, MAX_RECORD_BYTES } from './rendezvous.ts'

export const MEETING_PROTOCOL = '/parley/meeting/1.0.0'

/** What a relay takes of one peer by default. */
export const MAX_SUBSCRIBED_ROOMS = 32

export const MAX_SUBSCRIBE_BYTES = MAX_SUBSCRIBED_ROOMS * (MAX_NAMESPACE_BYTES + 4) + 64

/** A name, a record, and room for fields that we do not know. */
export const MAX_MEET_BYTES = MAX_NAMESPACE_BYTES + MAX_RECORD_BYTES + 256

/** Replaces what was subscribed to before. */
export interface Subscribe {
  rooms: string[]
}

export interface Meet {
  room: string
  /** The signed envelope that the other one has registered. */
  signedPeerRecord: Uint8Array
}

/** The relay takes nothing new from here on, and ends the connections of those who have no circuit. */
export interface Leaving {
  /** So long circuits that run may go on. */
  seconds: number
}

export type Notice = ({ type: 'meet' } & Meet) | ({ type: 'leaving' } & Leaving)

/** Without its length prefix. */
export function encodeSubscribe({ rooms }: Subscribe): Uint8Array {
  const writer = new FieldWriter()
  for (const room of rooms) writer.text(1, room)
  return writer.finish()
}

export class MeetingMessageError extends Error {
  override name = 'MeetingMessageError'
}

/** Tolerates unknown fields. Throws MeetingMessageError when the bytes are no such message or name too many rooms. */
export function decodeSubscribe(bytes: Uint8Array): Subscribe {
  const rooms: string[] = []
  read(bytes, 'subscribe', {
    1: (field) => {
      if (rooms.length === MAX_SUBSCRIBED_ROOMS)
        throw new FieldError('subscribe.rooms', `are more than ${MAX_SUBSCRIBED_ROOMS}`)
      rooms.push(field.text('subscribe.rooms', MAX_NAMESPACE_BYTES))
    }
  })
  return { rooms }
}

/** Without its length prefix. */
export function encodeMeet({ room, signedPeerRecord }: Meet): Uint8Array {
  return new FieldWriter().text(1, room).bytes(2, signedPeerRecord).finish()
}

/** Without its length prefix. */
export function encodeLeaving({ seconds }: Leaving): Uint8Array {
  return new FieldWriter().uint(3, seconds).finish()
}

/** What a relay says. Tolerates unknown fields. The record is a copy. Throws MeetingMessageError when the bytes are no such message. */
export function decodeNotice(bytes: Uint8Array): Notice {
  const meet: Meet = { room: '', signedPeerRecord: new Uint8Array() }
  let seconds: number | undefined
  read(bytes, 'notice', {
    1: (field) => (meet.room = field.text('meet.room', MAX_NAMESPACE_BYTES)),
    2: (field) => (meet.signedPeerRecord = field.bytesCopy('meet.signedPeerRecord')),
    3: (field) => (seconds = field.clampedUint('leaving.seconds'))
  })
  return seconds === undefined ? { type: 'meet', ...meet } : { type: 'leaving', seconds }
}

function read(...args: Parameters<typeof readFields>): void {
  try {
    readFields(...args)
  } catch (cause) {
    if (!(cause instanceof FieldError)) throw cause
    throw new MeetingMessageError(`malformed meeting message: ${cause.message}`, { cause })
  }
}
