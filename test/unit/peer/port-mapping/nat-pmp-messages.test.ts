// NAT-PMP's messages, byte for byte as RFC 6886 has them.
import assert from 'node:assert/strict'
import { it } from 'node:test'
import {
  decodeExternalAddress,
  decodeMapTcp,
  encodeExternalAddress,
  encodeMapTcp
} from '../../../../peer/port-mapping/nat-pmp-messages.ts'

it('asks for the external address in two bytes, and reads the answer', () => {
  assert.deepEqual([...encodeExternalAddress()], [0, 0])
  const answer = Uint8Array.of(0, 128, 0, 0, 0, 0, 0, 9, 7, 7, 7, 2)
  assert.deepEqual(decodeExternalAddress(answer), { ok: true, externalHost: '7.7.7.2' })
})

it('asks for a TCP port and a lifetime, and reads what was given', () => {
  const asked = encodeMapTcp({ internalPort: 4001, suggestedPort: 4002, lifetimeSeconds: 1800 })
  assert.deepEqual([...asked], [0, 2, 0, 0, 0x0f, 0xa1, 0x0f, 0xa2, 0, 0, 7, 8])
  const answer = Uint8Array.of(0, 130, 0, 0, 0, 0, 0, 9, 0x0f, 0xa1, 0x1f, 0x90, 0, 0, 3, 0x84)
  assert.deepEqual(decodeMapTcp(answer, 4001), {
    ok: true,
    externalPort: 8080,
    lifetimeSeconds: 900
  })
})

it('says in words why a router refuses', () => {
  const refused = decodeMapTcp(Uint8Array.of(0, 130, 0, 2, 0, 0, 0, 9), 4001)
  assert.deepEqual(refused, {
    ok: false,
    reason: 'refuses to forward ports (switched off there, as a rule)'
  })
  assert.deepEqual(decodeExternalAddress(Uint8Array.of(0, 128, 1, 44)), {
    ok: false,
    reason: "refuses with NAT-PMP's code 300"
  })
})

it('takes nothing for an answer that is cut short, about another port, or to another question', () => {
  const whole = [0, 130, 0, 0, 0, 0, 0, 9, 0x0f, 0xa1, 0x1f, 0x90, 0, 0, 3, 0x84]
  for (let length = 0; length < whole.length; length += 1) {
    assert.equal(decodeMapTcp(Uint8Array.from(whole.slice(0, length)), 4001), undefined)
  }
  assert.equal(decodeMapTcp(Uint8Array.from(whole), 4002), undefined)
  assert.equal(decodeExternalAddress(Uint8Array.from(whole)), undefined)
})
