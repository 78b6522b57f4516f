// The seed system's plain messages against the bytes that its Rust program writes.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeMsg, encodeMsg, MAX_MSG_BYTES, MsgFormatError } from '../../../../shared/wire/msg.ts'

test('a message is its length and its UTF-8, as in the transcript of the seed: [49, 49, 49, 49]', () => {
  assert.deepEqual(encodeMsg('1111'), Uint8Array.of(4, 49, 49, 49, 49))
  assert.equal(decodeMsg(Uint8Array.of(49, 49, 49, 49)), '1111')
  assert.deepEqual(encodeMsg('é'), Uint8Array.of(2, 0xc3, 0xa9))
  assert.deepEqual(encodeMsg(''), Uint8Array.of(0))
})

test('a length of 128 and more takes two bytes', () => {
  const bytes = encodeMsg('x'.repeat(MAX_MSG_BYTES))
  assert(bytes instanceof Uint8Array)
  assert.deepEqual(bytes.subarray(0, 3), Uint8Array.of(0x80, 0x10, 0x78))
})

test('more than 2,048 bytes of UTF-8 are refused, going and coming', () => {
  assert(encodeMsg('x'.repeat(MAX_MSG_BYTES + 1)) instanceof MsgFormatError)
  assert(encodeMsg('é'.repeat(MAX_MSG_BYTES / 2 + 1)) instanceof MsgFormatError)
  assert(decodeMsg(new Uint8Array(MAX_MSG_BYTES + 1)) instanceof MsgFormatError)
})

test('bytes that are not UTF-8 are refused', () => {
  assert(decodeMsg(Uint8Array.of(0xff)) instanceof MsgFormatError)
})
