// PCP's messages, byte for byte as RFC 6887 has them.
import assert from 'node:assert/strict'
import { it } from 'node:test'
import {
  decodeAnnounce,
  decodePcpMap,
  encodeAnnounce,
  encodePcpMap
} from '../../../../peer/port-mapping/pcp-messages.ts'

const NONCE = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12)
const REQUEST = { nonce: NONCE, internalPort: 4001 }

const zeros = (count: number): number[] => Array<number>(count).fill(0)
const MAPPED = [...zeros(10), 0xff, 0xff]

/** A router's answer; `result` 0 is a success. */
function answer({ result = 0, host = [...MAPPED, 7, 7, 7, 2] } = {}): number[] {
  const head = [2, 0x81, 0, result, 0, 0, 3, 0x84, 0, 0, 0, 9, ...zeros(12)]
  return [...head, ...NONCE, 6, 0, 0, 0, 0x0f, 0xa1, 0x1f, 0x90, ...host]
}

it('asks whether anybody is there, from the address that it has', () => {
  const asked = [2, 0, 0, 0, 0, 0, 0, 0, ...MAPPED, 192, 168, 1, 2]
  assert.deepEqual([...encodeAnnounce('192.168.1.2')], asked)
})

it('learns from the answer which version a router speaks', () => {
  assert.equal(decodeAnnounce(Uint8Array.of(2, 0x80, 0, 0)), 2)
  assert.equal(decodeAnnounce(Uint8Array.of(0, 0x80, 0, 1, 0, 0, 0, 9)), 0)
  assert.equal(decodeAnnounce(Uint8Array.of(2, 0, 0, 0)), undefined, 'a question')
  assert.equal(decodeAnnounce(Uint8Array.of(2)), undefined)
})

it('asks for a TCP port with its nonce, at any external address', () => {
  const asked = encodePcpMap({
    ...REQUEST,
    clientHost: '192.168.1.2',
    suggestedPort: 4001,
    lifetimeSeconds: 1800
  })
  const head = [2, 1, 0, 0, 0, 0, 7, 8, ...MAPPED, 192, 168, 1, 2]
  const body = [6, 0, 0, 0, 0x0f, 0xa1, 0x0f, 0xa1, ...MAPPED, 0, 0, 0, 0]
  assert.deepEqual([...asked], [...head, ...NONCE, ...body])
})

it('reads what was given', () => {
  assert.deepEqual(decodePcpMap(Uint8Array.from(answer()), REQUEST), {
    ok: true,
    externalHost: '7.7.7.2',
    externalPort: 8080,
    lifetimeSeconds: 900
  })
})

it('says in words why a router refuses, and when it has no IPv4 address', () => {
  assert.deepEqual(decodePcpMap(Uint8Array.from(answer({ result: 2 })), REQUEST), {
    ok: false,
    reason: 'refuses to forward ports to this machine'
  })
  assert.deepEqual(decodePcpMap(Uint8Array.from(answer({ result: 99 })), REQUEST), {
    ok: false,
    reason: "refuses with PCP's code 99"
  })
  const ip6 = [0x20, 1, 0xd, 0xb8, ...zeros(12)]
  assert.deepEqual(decodePcpMap(Uint8Array.from(answer({ host: ip6 })), REQUEST), {
    ok: false,
    reason: 'names no IPv4 address of its own'
  })
})

it('takes nothing for an answer that is cut short, about another port, or with another nonce', () => {
  const whole = answer()
  for (let length = 0; length < whole.length; length += 1) {
    assert.equal(decodePcpMap(Uint8Array.from(whole.slice(0, length)), REQUEST), undefined)
  }
  assert.equal(decodePcpMap(Uint8Array.from(whole), { ...REQUEST, internalPort: 1 }), undefined)
  const other = { ...REQUEST, nonce: NONCE.toReversed() }
  assert.equal(decodePcpMap(Uint8Array.from(whole), other), undefined)
})
