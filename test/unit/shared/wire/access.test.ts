// The messages of /parley/access/1.0.0 as bytes.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Uint8ArrayList } from 'uint8arraylist'
import {
  AccessMessageError,
  AccessStatus,
  decodeAccessLength,
  decodeChallenge,
  decodeProof,
  decodeVerdict,
  encodeChallenge,
  encodeProof,
  encodeTranscript,
  encodeVerdict,
  MAX_ACCESS_MESSAGE_BYTES,
  MAX_SECRETS
} from '../../../../shared/wire/access.ts'

const bytes = (length: number, value: number): Uint8Array => new Uint8Array(length).fill(value)
const hex = (text: string): Uint8Array => Buffer.from(text, 'hex')
const length = (...prefix: number[]): number =>
  decodeAccessLength(new Uint8ArrayList(Uint8Array.from(prefix)))
const NONCE = bytes(32, 0xaa)
const MAC = bytes(32, 0xbb)

describe('the messages that prove a secret', () => {
  it('are these bytes', () => {
    assert.deepEqual(encodeChallenge(NONCE), new Uint8Array(hex(`0a20${'aa'.repeat(32)}`)))
    const proof = new Uint8Array(hex(`0a20${'aa'.repeat(32)}1220${'bb'.repeat(32)}`))
    assert.deepEqual(encodeProof({ nonce: NONCE, macs: [MAC] }), proof)
    assert.deepEqual(encodeVerdict(AccessStatus.WRONG_SECRET), new Uint8Array(hex('08c801')))
  })

  it('come back as they went', () => {
    assert.deepEqual(decodeChallenge(encodeChallenge(NONCE)), NONCE)
    const macs = Array.from({ length: MAX_SECRETS }, (_, n) => bytes(32, n))
    const largest = encodeProof({ nonce: NONCE, macs })
    assert.ok(largest.byteLength <= MAX_ACCESS_MESSAGE_BYTES)
    assert.deepEqual(decodeProof(largest), { nonce: NONCE, macs })
    assert.equal(decodeVerdict(encodeVerdict(999)), 999)
  })

  it('pass over what a later version may add', () => {
    assert.deepEqual(decodeChallenge(Buffer.concat([encodeChallenge(NONCE), hex('1a0101')])), NONCE)
  })

  const WRONG: Array<[what: string, decode: () => unknown]> = [
    ['a challenge without a nonce', () => decodeChallenge(new Uint8Array())],
    ['a nonce that is too short', () => decodeChallenge(encodeChallenge(bytes(31, 1)))],
    ['a proof without a nonce', () => decodeProof(hex(`1220${'bb'.repeat(32)}`))],
    ['a MAC that is cut', () => decodeProof(encodeProof({ nonce: NONCE, macs: [bytes(31, 1)] }))],
    [
      'more MACs than anybody has secrets',
      () => decodeProof(encodeProof({ nonce: NONCE, macs: Array<Uint8Array>(17).fill(MAC) }))
    ],
    ['a verdict without a status', () => decodeVerdict(new Uint8Array())],
    ['a truncated message', () => decodeProof(encodeChallenge(NONCE).subarray(0, 20))],
    ['a wrong wire type', () => decodeVerdict(hex('0a00'))],
    ['a message that is too long', () => decodeVerdict(bytes(MAX_ACCESS_MESSAGE_BYTES + 1, 0x08))]
  ]
  for (const [what, decode] of WRONG) {
    it(`are not ${what}`, () => {
      assert.throws(decode, AccessMessageError)
    })
  }

  it('stand behind a length that ends and is within the limit', () => {
    assert.equal(length(0x22), 34)
    assert.equal(length(0x80, 0x08), 1024)
    assert.throws(() => length(0x80), RangeError)
    assert.throws(() => length(0x81, 0x08), AccessMessageError)
    assert.throws(() => length(0x80, 0x80, 0x80), AccessMessageError)
  })
})

describe('what is put under a MAC', () => {
  const transcript = { relay: bytes(2, 1), peer: bytes(2, 2), relayNonce: NONCE, peerNonce: MAC }

  it('names the protocol first, and is these bytes', () => {
    const domain = Buffer.from('/parley/access/1.0.0 proof').toString('hex')
    assert.equal(
      Buffer.from(encodeTranscript(transcript)).toString('hex'),
      `0a1a${domain}120201011a0202022220${'aa'.repeat(32)}2a20${'bb'.repeat(32)}`
    )
  })

  it('is another for every other relay, peer and nonce, wherever the bytes are cut', () => {
    const texts = [
      transcript,
      { ...transcript, relay: bytes(2, 9) },
      { ...transcript, peer: bytes(2, 9) },
      { ...transcript, relayNonce: MAC },
      { ...transcript, peerNonce: NONCE },
      { ...transcript, relay: transcript.peer, peer: transcript.relay },
      { ...transcript, relay: Uint8Array.of(1, 1, 2), peer: Uint8Array.of(2) }
    ].map((each) => Buffer.from(encodeTranscript(each)).toString('hex'))
    assert.equal(new Set(texts).size, texts.length)
  })
})
