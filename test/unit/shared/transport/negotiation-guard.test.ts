// Negotiations that come to no end, and those that do, in whatever pieces they come.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { Uint8ArrayList } from 'uint8arraylist'
import { proposal } from '../../../../shared/transport/multistream-answer.ts'
import {
  guardNegotiation,
  NegotiationError,
  type NegotiationRules
} from '../../../../shared/transport/negotiation-guard.ts'
import { inPieces } from '../../../support/mutations.ts'

const PROTOCOL = '/test/1.0.0'
const AGREED = proposal(PROTOCOL)
const ENDLESS = new Uint8Array(20).fill(0xff)
/** Where to cut, so that each byte is a piece. */
const DROPS = Array.from({ length: 1000 }, (_, n) => n)
const UP_TO_AGREED: NegotiationRules = { isAgreed: (line) => line === PROTOCOL }
const FURTHER: NegotiationRules = { ...UP_TO_AGREED, isPrefixed: () => true }

class Receiver {
  readBuffer = new Uint8ArrayList()
  readonly received = new Uint8ArrayList()
  aborted: Error | undefined

  onData(data: Uint8Array | Uint8ArrayList): void {
    this.received.append(data)
  }

  abort(error: Error): void {
    this.aborted = error
  }
}

function receive(rules: NegotiationRules, ...pieces: Uint8Array[]): Receiver {
  const receiver = new Receiver()
  guardNegotiation(receiver, rules)
  for (const piece of pieces) if (receiver.aborted === undefined) receiver.onData(piece)
  return receiver
}

const join = (...parts: Uint8Array[]): Uint8Array => Buffer.concat(parts)

const lengthOf = (bytes: number): Uint8Array => Uint8Array.of(0x80 | (bytes & 0x7f), bytes >> 7)

describe('a negotiation', () => {
  it('passes as it is, with whatever follows it, in whatever pieces', () => {
    const anything = fc.uint8Array({ maxLength: 200 })
    fc.assert(
      fc.property(anything, fc.array(fc.nat(300)), (behind, cuts) => {
        const bytes = join(proposal('/none'), AGREED, behind)
        const { received, aborted } = receive(UP_TO_AGREED, ...inPieces(bytes, cuts))
        assert.equal(aborted, undefined)
        assert.deepEqual(Buffer.from(received.subarray()), Buffer.from(bytes))
      })
    )
  })

  it('ends at a length that does not, and nothing of it reaches the reader', () => {
    for (const before of [new Uint8Array(), proposal('/none')]) {
      const receiver = receive(UP_TO_AGREED, before, ENDLESS)
      assert.ok(receiver.aborted instanceof NegotiationError)
      assert.equal(receiver.received.byteLength, before.byteLength)
    }
  })

  it('ends at a length that does not, though it comes byte by byte', () => {
    const { aborted, received } = receive(UP_TO_AGREED, ...inPieces(ENDLESS, [1, 2, 3, 4, 5]))
    assert.ok(aborted instanceof NegotiationError)
    assert.ok(received.byteLength < 3)
  })

  it('ends when protocols are proposed and proposed', () => {
    const many = Array.from({ length: 100 }, () => proposal('/none'))
    assert.match(receive(UP_TO_AGREED, join(...many)).aborted?.message ?? '', /32 lines/)
  })

  it('ends at a line without a newline', () => {
    for (const line of ['\u0003abc', '\u0001a', '\u0000']) {
      assert.match(receive(UP_TO_AGREED, Buffer.from(line)).aborted?.message ?? '', /newline/)
    }
  })

  it('ends at a line of more than a kilobyte before it comes', () => {
    assert.equal(receive(UP_TO_AGREED, lengthOf(1024)).aborted, undefined)
    assert.match(receive(UP_TO_AGREED, lengthOf(1025)).aborted?.message ?? '', /1024 bytes/)
  })

  it('ends when it comes drop by drop', () => {
    const drops = inPieces(join(...Array.from({ length: 20 }, () => proposal('/none'))), DROPS)
    assert.ok(drops.length > 500)
    assert.match(receive(UP_TO_AGREED, ...drops).aborted?.message ?? '', /drop by drop/)
    const { aborted } = receive(UP_TO_AGREED, ...inPieces(join(AGREED, ...drops), DROPS))
    assert.equal(aborted, undefined, 'what follows the protocol may')
  })

  it('is over with the protocol, and what follows may look like anything', () => {
    const receiver = receive(UP_TO_AGREED, AGREED, ENDLESS, ENDLESS)
    assert.equal(receiver.aborted, undefined)
    assert.equal(receiver.received.byteLength, AGREED.byteLength + 40)
  })

  it('goes on into a protocol whose lengths are read as carelessly', () => {
    const message = join(Uint8Array.of(0x80, 0x01), new Uint8Array(128).fill(0xff))
    assert.equal(receive(FURTHER, join(AGREED, message, message)).aborted, undefined)
    const { aborted } = receive(FURTHER, join(AGREED, message), ENDLESS)
    assert.ok(aborted instanceof NegotiationError)
  })

  it('is followed from its first byte, though that came before anybody followed', () => {
    const late = Object.assign(new Receiver(), { readBuffer: new Uint8ArrayList(AGREED) })
    guardNegotiation(late, UP_TO_AGREED)
    late.onData(ENDLESS)
    assert.equal(late.aborted, undefined)
    const bad = Object.assign(new Receiver(), { readBuffer: new Uint8ArrayList(ENDLESS) })
    guardNegotiation(bad, UP_TO_AGREED)
    assert.ok(bad.aborted instanceof NegotiationError)
  })

  it('takes lists of pieces for what they are', () => {
    const list = new Uint8ArrayList(AGREED.subarray(0, 5), AGREED.subarray(5), ENDLESS)
    const receiver = new Receiver()
    guardNegotiation(receiver, UP_TO_AGREED)
    receiver.onData(list)
    assert.equal(receiver.aborted, undefined)
    assert.equal(receiver.received.byteLength, list.byteLength)
  })
})
