// Every wire format against bytes that nobody should send: a value or a named error, nothing else, and nothing read
// beyond the end. fast-check prints seed and path of a failure.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import {
  AccessMessageError,
  decodeChallenge,
  decodeProof,
  decodeVerdict,
  encodeChallenge,
  encodeProof,
  encodeVerdict
} from '../../../../shared/wire/access.ts'
import {
  ChatFormatError,
  CHAT_LIMITS,
  decodeChatFrame,
  encodeChatFrame
} from '../../../../shared/wire/chat.ts'
import {
  CircuitMessageError,
  decodeHop,
  decodeStop,
  encodeHop,
  encodeStop
} from '../../../../shared/wire/circuit.ts'
import { DcutrFormatError, decodeDcutr, encodeDcutr } from '../../../../shared/wire/dcutr.ts'
import {
  decodeNotice,
  decodeSubscribe,
  encodeLeaving,
  encodeMeet,
  encodeSubscribe,
  MeetingMessageError
} from '../../../../shared/wire/meeting.ts'
import { decodeMsg, encodeMsg, MAX_MSG_BYTES, MsgFormatError } from '../../../../shared/wire/msg.ts'
import { decodeMessage, encodeMessage } from '../../../../shared/wire/rendezvous.ts'
import { decodeReport, encodeReport, ReportMessageError } from '../../../../shared/wire/report.ts'
import { CHAT_FRAME } from '../../../support/chat-frames.ts'
import { anyBytes } from '../../../support/mutations.ts'

interface Codec {
  valid: Uint8Array[]
  decode: (bytes: Uint8Array) => unknown
  isNamed: (error: unknown) => boolean
}

const bytes = (length: number): Uint8Array => new Uint8Array(length).fill(7)
const unframed = (framed: Uint8Array): Uint8Array =>
  framed.subarray(framed.findIndex((byte) => byte < 0x80) + 1)
const thrown = (result: unknown): unknown => {
  if (result instanceof Error) throw result
  return result
}
const peer = { id: bytes(38), addresses: [bytes(8), bytes(20)] }
const limit = { durationSeconds: 120, dataBytes: 65_536 }
const reservation = { expireSeconds: 2 ** 33, addresses: [bytes(8)], voucher: bytes(50) }

const isMeetingError = (error: unknown): boolean => error instanceof MeetingMessageError
const isAccessError = (error: unknown): boolean => error instanceof AccessMessageError

const CODECS: Record<string, Codec> = {
  report: {
    valid: [encodeReport({ outcome: 'failed', ownPort: 'kept', remotePort: 'changed' })],
    decode: decodeReport,
    isNamed: (error) => error instanceof ReportMessageError
  },
  chat: {
    valid: fc
      .sample(CHAT_FRAME, { numRuns: 40, seed: 1 })
      .map((frame) => unframed(encodeChatFrame(frame))),
    decode: (any) => thrown(decodeChatFrame(any)),
    isNamed: (error) => error instanceof ChatFormatError
  },
  'plain messages': {
    valid: ['hello', '世界', 'x'.repeat(MAX_MSG_BYTES)].map((text) => Buffer.from(text)),
    decode: (any) => thrown(decodeMsg(any)),
    isNamed: (error) => error instanceof MsgFormatError
  },
  HOP: {
    valid: [
      encodeHop({ type: 'RESERVE' }),
      encodeHop({ type: 'CONNECT', peer, limit }),
      encodeHop({ type: 'STATUS', reservation, limit, status: 100 })
    ],
    decode: decodeHop,
    isNamed: (error) => error instanceof CircuitMessageError
  },
  STOP: {
    valid: [
      encodeStop({ type: 'CONNECT', peer, limit }),
      encodeStop({ type: 'STATUS', status: 200 })
    ],
    decode: decodeStop,
    isNamed: (error) => error instanceof CircuitMessageError
  },
  DCUtR: {
    valid: [
      encodeDcutr({ type: 'connect', addresses: [bytes(8), bytes(20)] }),
      encodeDcutr({ type: 'sync' })
    ],
    decode: decodeDcutr,
    isNamed: (error) => error instanceof DcutrFormatError
  },
  'subscriptions to meetings': {
    valid: [[], ['kitchen', 'cellar']].map((rooms) => encodeSubscribe({ rooms })),
    decode: decodeSubscribe,
    isNamed: isMeetingError
  },
  'notices to subscribers': {
    valid: [
      encodeMeet({ room: 'kitchen', signedPeerRecord: bytes(200) }),
      encodeLeaving({ seconds: 8 })
    ],
    decode: decodeNotice,
    isNamed: isMeetingError
  },
  'challenges for a secret': {
    valid: [encodeChallenge(bytes(32))],
    decode: decodeChallenge,
    isNamed: isAccessError
  },
  'proofs of a secret': {
    valid: [0, 1, 16].map((count) =>
      encodeProof({ nonce: bytes(32), macs: Array<Uint8Array>(count).fill(bytes(32)) })
    ),
    decode: decodeProof,
    isNamed: isAccessError
  },
  'verdicts on a secret': {
    valid: [100, 2 ** 40].map(encodeVerdict),
    decode: decodeVerdict,
    isNamed: isAccessError
  },
  rendezvous: {
    valid: [
      encodeMessage({
        type: 'register',
        ns: 'kitchen',
        signedPeerRecord: bytes(200),
        ttlSeconds: 7200
      }),
      encodeMessage({ type: 'registerResponse', status: 102, statusText: 'no' }),
      encodeMessage({ type: 'unregister', ns: 'a' }),
      encodeMessage({ type: 'discover', ns: 'a', limit: 300, cookie: bytes(8) }),
      encodeMessage({
        type: 'discoverResponse',
        status: 0,
        registrations: [{ ns: 'a', signedPeerRecord: bytes(200), ttlSeconds: 1 }],
        cookie: bytes(8)
      })
    ],
    decode: decodeMessage,
    isNamed: (error) => error instanceof Error && error.constructor === Error
  }
}

/** What comes of it: the value, or the words of the error. */
function outcome({ decode, isNamed }: Codec, any: Uint8Array): unknown {
  try {
    return decode(any)
  } catch (error) {
    assert.ok(isNamed(error), `${String(error)} is no error of this format`)
    return String(error)
  }
}

describe('whatever the bytes, there is a value or a named error', () => {
  for (const [name, codec] of Object.entries(CODECS)) {
    it(`from ${name}, and what lies around the bytes changes nothing`, () => {
      for (const any of codec.valid) assert.ok(codec.decode(any))
      fc.assert(
        fc.property(anyBytes(codec.valid), fc.integer({ min: 0, max: 255 }), (any, around) => {
          const buffer = new Uint8Array(any.byteLength + 40).fill(around)
          buffer.set(any, 20)
          const within = buffer.subarray(20, 20 + any.byteLength)
          assert.deepEqual(outcome(codec, within), outcome(codec, any))
        }),
        { numRuns: 4_000 }
      )
    })
  }
})

describe('what is valid comes back as it went', () => {
  it('every frame of chat, and none is larger than a frame may be', () => {
    fc.assert(
      fc.property(CHAT_FRAME, (frame) => {
        const body = unframed(encodeChatFrame(frame))
        assert.ok(body.byteLength <= CHAT_LIMITS.maxFrameBytes)
        assert.deepEqual(decodeChatFrame(body), frame)
      }),
      { numRuns: 4_000 }
    )
  })

  it('every text of a plain message', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 300 })
    fc.assert(
      fc.property(text, (any) => {
        const framed = encodeMsg(any)
        if (framed instanceof Error) assert.ok(Buffer.byteLength(any) > MAX_MSG_BYTES)
        else assert.equal(decodeMsg(unframed(framed)), any)
      }),
      { numRuns: 2_000 }
    )
  })
})
