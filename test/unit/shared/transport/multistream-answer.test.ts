// The foreseen answer of multistream-select: taken off, whatever pieces it comes in, and checked.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Uint8ArrayList } from 'uint8arraylist'
import {
  isReceiver,
  proposal,
  stripAnswer
} from '../../../../shared/transport/multistream-answer.ts'

const PROTOCOL = '/test/1.0.0'
/** `0x13 /multistream/1.0.0 \n 0x0c /test/1.0.0 \n`. */
const ANSWER_HEX = '132f6d756c746973747265616d2f312e302e300a0c2f746573742f312e302e300a'
const ANSWER = Buffer.from(ANSWER_HEX, 'hex')
const REFUSAL = Buffer.concat([ANSWER.subarray(0, 20), Buffer.from('\u0003na\n')])

class Receiver {
  received = ''
  readonly abortedWith: Error[] = []

  get aborted(): Error | undefined {
    return this.abortedWith[0]
  }

  onData(data: Uint8Array | Uint8ArrayList): void {
    this.received += Buffer.from(data.subarray()).toString()
  }

  abort(error: Error): void {
    this.abortedWith.push(error)
  }
}

function stripping(): Receiver {
  const receiver = new Receiver()
  stripAnswer(receiver, PROTOCOL)
  return receiver
}

describe('the answer to a proposal', () => {
  it('is the proposal itself, each line with its length and a newline', () => {
    assert.equal(Buffer.from(proposal(PROTOCOL)).toString('hex'), ANSWER_HEX)
  })

  it('has a length of two bytes when the protocol is long', () => {
    const bytes = Buffer.from(proposal(`/${'x'.repeat(199)}`))
    assert.equal(bytes.subarray(20, 22).toString('hex'), 'c901', '201 with the newline')
  })

  it('does not reach whoever reads', () => {
    const receiver = stripping()
    receiver.onData(ANSWER)
    receiver.onData(Buffer.from('hello'))
    assert.equal(receiver.received, 'hello')
  })

  it('may come in one piece with the data behind it', () => {
    const receiver = stripping()
    receiver.onData(new Uint8ArrayList(ANSWER, Buffer.from('hel'), Buffer.from('lo')))
    assert.equal(receiver.received, 'hello')
  })

  it('may come in any two pieces', () => {
    const whole = Buffer.concat([ANSWER, Buffer.from('hello')])
    for (let cut = 0; cut <= whole.byteLength; cut += 1) {
      const receiver = stripping()
      receiver.onData(whole.subarray(0, cut))
      receiver.onData(whole.subarray(cut))
      assert.deepEqual([receiver.received, receiver.aborted], ['hello', undefined], `cut at ${cut}`)
    }
  })

  it('may come byte by byte', () => {
    const receiver = stripping()
    for (const byte of ANSWER) receiver.onData(Uint8Array.of(byte))
    receiver.onData(Buffer.from('hello'))
    assert.equal(receiver.received, 'hello')
  })

  it('ends the stream when it is a refusal, at its first byte that differs', () => {
    const receiver = stripping()
    receiver.onData(REFUSAL.subarray(0, 20))
    assert.deepEqual(receiver.abortedWith, [])
    receiver.onData(REFUSAL.subarray(20, 21))
    assert.equal(receiver.aborted?.name, 'UnsupportedProtocolError')
    assert.match(receiver.aborted.message, /does not speak \/test\/1\.0\.0/)
    assert.equal(receiver.received, '')
  })

  it('ends the stream when it is no multistream at all', () => {
    const receiver = stripping()
    receiver.onData(Buffer.from('HTTP/1.1 400 Bad Request\r\n'))
    assert.equal(receiver.aborted?.name, 'UnsupportedProtocolError')
    assert.equal(receiver.received, '')
  })

  it('needs a stream that shows where its bytes come in', () => {
    assert.equal(isReceiver(new Receiver()), true)
    assert.equal(isReceiver({ abort: () => undefined }), false)
  })
})
