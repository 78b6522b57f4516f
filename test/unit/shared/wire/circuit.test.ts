// The messages of circuit relay v2 against literal bytes, some of them made by @libp2p/circuit-relay-v2.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  CircuitMessageError,
  CircuitStatus,
  circuitStatusName,
  decodeHop,
  decodeStop,
  encodeHop,
  encodeStop,
  MAX_CIRCUIT_ADDRESSES,
  MAX_CIRCUIT_MESSAGE_BYTES,
  type HopMessage,
  type StopMessage
} from '../../../../shared/wire/circuit.ts'

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'))
const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const named = { name: 'CircuitMessageError' }

const hopCases: Array<{ what: string; bytes: string; message: HopMessage }> = [
  { what: 'a RESERVE', bytes: '0800', message: { type: 'RESERVE' } },
  {
    what: 'a CONNECT with an address',
    bytes: '080112100a04120209081208047f0000010610e1',
    message: {
      type: 'CONNECT',
      peer: { id: hex('12020908'), addresses: [hex('047f0000010610e1')] }
    }
  },
  {
    what: 'a granted reservation: unix seconds, seconds, bytes',
    bytes: '08021a0b0880a4a7da061203010203220808880e10808080202864',
    message: {
      type: 'STATUS',
      status: CircuitStatus.OK,
      reservation: { expireSeconds: 1_800_000_000, addresses: [hex('010203')] },
      limit: { durationSeconds: 1800, dataBytes: 64 * 1024 * 1024 }
    }
  },
  {
    what: 'a reservation with a voucher',
    bytes: '08021a0808011a04deadbeef',
    message: {
      type: 'STATUS',
      reservation: { expireSeconds: 1, addresses: [], voucher: hex('deadbeef') }
    }
  },
  {
    what: 'a refusal',
    bytes: '080228cc01',
    message: { type: 'STATUS', status: CircuitStatus.NO_RESERVATION }
  }
]

const stopCases: Array<{ what: string; bytes: string; message: StopMessage }> = [
  {
    what: 'a CONNECT with its limit',
    bytes: '080012040a0201021a0808880e1080808020',
    message: {
      type: 'CONNECT',
      peer: { id: hex('0102'), addresses: [] },
      limit: { durationSeconds: 1800, dataBytes: 64 * 1024 * 1024 }
    }
  },
  { what: 'an OK', bytes: '08012064', message: { type: 'STATUS', status: CircuitStatus.OK } }
]

const connectWith = (count: number): HopMessage => ({
  type: 'CONNECT',
  peer: { id: hex('0102'), addresses: Array.from({ length: count }, () => hex('047f000001')) }
})

describe('the wire format of circuit relay v2', () => {
  for (const { what, bytes, message } of hopCases) {
    it(`encodes and decodes ${what} of HOP`, () => {
      assert.equal(toHex(encodeHop(message)), bytes)
      assert.deepEqual(decodeHop(hex(bytes)), message)
    })
    it(`reports every truncation of ${what} of HOP, or reads what is there`, () => {
      for (let length = 1; length < bytes.length / 2; length++) {
        try {
          decodeHop(hex(bytes).slice(0, length))
        } catch (error) {
          assert.ok(error instanceof CircuitMessageError, String(error))
        }
      }
    })
  }

  for (const { what, bytes, message } of stopCases) {
    it(`encodes and decodes ${what} of STOP`, () => {
      assert.equal(toHex(encodeStop(message)), bytes)
      assert.deepEqual(decodeStop(hex(bytes)), message)
    })
  }

  it('skips fields that it does not know, of every wire type', () => {
    // Fields 15 varint, 16 fixed64, 17 bytes, 18 fixed32 around a RESERVE.
    const strange = '78ac02810101020304050607088a0103abcdef950101020304'
    assert.deepEqual(decodeHop(hex(`${strange}0800`)), { type: 'RESERVE' })
    assert.deepEqual(decodeStop(hex(`08012064${strange}`)), { type: 'STATUS', status: 100 })
  })

  it('keeps status codes that it does not know', () => {
    assert.equal(decodeHop(hex('080228e707')).status, 999)
    assert.equal(circuitStatusName(999), 'status 999')
    assert.equal(circuitStatusName(204), 'NO_RESERVATION')
  })

  it('names truncated input', () => {
    for (const bytes of ['08', '0880', '1205', '080112100a0412', '0802288080808080', '28ffff']) {
      assert.throws(() => decodeHop(hex(bytes)), named, bytes)
    }
    assert.throws(() => decodeStop(hex('08012080')), named)
  })

  it('does not read a number past the end of the message around it', () => {
    // The reservation is 4 bytes long and its expiry wants a fifth.
    assert.throws(() => decodeHop(hex('08021a04088080808001')), named)
  })

  it('refuses a message without a type or with one that it does not know', () => {
    assert.throws(() => decodeHop(new Uint8Array()), named)
    assert.throws(() => decodeHop(hex('0807')), named)
    assert.throws(() => decodeStop(hex('0802')), named)
  })

  it('refuses a message over the limit, before it looks inside', () => {
    const large = new Uint8Array(MAX_CIRCUIT_MESSAGE_BYTES + 1)
    assert.throws(() => decodeHop(large), { ...named, message: /4097 bytes/ })
  })

  it('refuses a CONNECT with hundreds of addresses', () => {
    const most = connectWith(MAX_CIRCUIT_ADDRESSES)
    assert.deepEqual(decodeHop(encodeHop(most)), most)
    const bytes = encodeHop(connectWith(MAX_CIRCUIT_ADDRESSES + 1))
    assert.throws(() => decodeHop(bytes), { ...named, message: /more than 64 addresses/ })
  })

  it('clamps numbers that do not fit, instead of wrapping them', () => {
    const reservation = decodeHop(hex('08021a0b08ffffffffffffffffff01')).reservation
    assert.equal(reservation?.expireSeconds, Number.MAX_SAFE_INTEGER)
  })

  it('copies what it keeps, so that a small address does not hold a large buffer', () => {
    const buffer = new Uint8Array(100_000)
    const bytes = hex('080112100a04120209081208047f0000010610e1')
    buffer.set(bytes, 500)
    const { peer } = decodeHop(buffer.subarray(500, 500 + bytes.byteLength))
    assert.equal(peer?.id.buffer.byteLength, 4)
    assert.equal(peer?.addresses[0]?.buffer.byteLength, 8)
  })
})
