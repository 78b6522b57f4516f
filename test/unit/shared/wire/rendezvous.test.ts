// Rendezvous messages against the bytes of the specification, and what is refused.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  decodeMessage,
  encodeMessage,
  statusWords,
  type RendezvousMessage
} from '../../../../shared/wire/rendezvous.ts'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const bytes = (text: string): Uint8Array => Buffer.from(text.replaceAll(' ', ''), 'hex')

/** Each message, and its bytes as the fields of rust-libp2p's rpc.proto have them. */
const VECTORS: Array<{ name: string; message: RendezvousMessage; wire: string }> = [
  {
    name: 'REGISTER',
    message: {
      type: 'register',
      ns: 'kitchen',
      signedPeerRecord: bytes('aabbcc'),
      ttlSeconds: 7200
    },
    wire: '0800 1211 0a076b69746368656e 1203aabbcc 18a038'
  },
  {
    name: 'REGISTER without a TTL',
    message: { type: 'register', ns: 'a', signedPeerRecord: bytes('aa') },
    wire: '0800 1206 0a0161 1201aa'
  },
  {
    name: 'REGISTER_RESPONSE with OK written out',
    message: { type: 'registerResponse', status: 0, ttlSeconds: 7200 },
    wire: '0801 1a05 0800 18a038'
  },
  {
    name: 'REGISTER_RESPONSE that refuses',
    message: { type: 'registerResponse', status: 102, statusText: 'no' },
    wire: '0801 1a06 0866 12026e6f'
  },
  { name: 'UNREGISTER', message: { type: 'unregister', ns: 'a' }, wire: '0802 2203 0a0161' },
  {
    name: 'DISCOVER',
    message: { type: 'discover', ns: 'a', limit: 300, cookie: bytes('0102') },
    wire: '0803 2a0a 0a0161 10ac02 1a020102'
  },
  {
    name: 'DISCOVER in every namespace',
    message: { type: 'discover' },
    wire: '0803 2a00'
  },
  {
    name: 'DISCOVER_RESPONSE',
    message: {
      type: 'discoverResponse',
      registrations: [
        { ns: 'a', signedPeerRecord: bytes('aa'), ttlSeconds: 1 },
        { ns: 'a', signedPeerRecord: bytes('bb'), ttlSeconds: 2 }
      ],
      cookie: bytes('07'),
      status: 0
    },
    wire: '0804 3219 0a08 0a0161 1201aa 1801 0a08 0a0161 1201bb 1802 120107 1800'
  },
  {
    name: 'DISCOVER_RESPONSE that refuses',
    message: {
      type: 'discoverResponse',
      registrations: [],
      status: 200,
      statusText: 'no'
    },
    wire: '0804 3207 18c801 22026e6f'
  }
]

describe('rendezvous messages', () => {
  for (const { name, message, wire } of VECTORS) {
    it(`encodes ${name} to the bytes of the specification`, () => {
      assert.equal(hex(encodeMessage(message)), wire.replaceAll(' ', ''))
    })

    it(`decodes ${name}`, () => {
      assert.deepEqual(plain(decodeMessage(bytes(wire))), plain(message))
    })

    it(`decodes no beginning of ${name}, and does not hang on one`, () => {
      const whole = bytes(wire)
      for (let length = 0; length < whole.byteLength; length++) {
        assert.throws(() => decodeMessage(whole.subarray(0, length)), Error, `${length} bytes`)
      }
    })
  }

  it('tolerates unknown fields of every width, in the message and inside of it', () => {
    const unknown = '7801 7d01020304 79 0102030405060708 7a02ffff'
    const inside = `0a0161 ${unknown}`
    const length = bytes(inside).byteLength.toString(16).padStart(2, '0')
    const message = decodeMessage(bytes(`${unknown} 0802 22${length} ${inside} ${unknown}`))
    assert.deepEqual(message, { type: 'unregister', ns: 'a' })
  })

  it('tolerates the deprecated id of UNREGISTER', () => {
    assert.deepEqual(decodeMessage(bytes('0802 2206 0a0161 1201ff')), {
      type: 'unregister',
      ns: 'a'
    })
  })

  it('clamps a TTL of 2^64 - 1 to a safe number', () => {
    const message = decodeMessage(bytes('0801 1a0d 0800 18 ffffffffffffffffff01'))
    assert.equal(message.type, 'registerResponse')
    assert.equal(message.ttlSeconds, Number.MAX_SAFE_INTEGER)
  })

  it('keeps statuses that nobody has defined', () => {
    const message = decodeMessage(bytes('0801 1a03 08e707'))
    assert.deepEqual(message, { type: 'registerResponse', status: 999 })
    assert.equal(statusWords(999), 'status 999')
    assert.equal(statusWords(102), 'invalid TTL')
  })

  it('copies what it decodes, so that a record does not keep the buffer of its reply alive', () => {
    const message = decodeMessage(bytes('0800 1206 0a0161 1201aa'))
    assert.equal(message.type, 'register')
    assert.equal(message.signedPeerRecord.buffer.byteLength, 1)
  })

  it('keeps a byte order mark: it is a part of the name', () => {
    const wire = encodeMessage({ type: 'unregister', ns: '\uFEFFa' })
    assert.deepEqual(decodeMessage(wire), { type: 'unregister', ns: '\uFEFFa' })
  })

  const REFUSED: Record<string, string> = {
    'an unknown type': '0809',
    'a type without its body': '0800',
    'a body that belongs to another type': '0800 2203 0a0161',
    'a namespace that is not UTF-8': '0802 2203 0a01ff',
    'a number where the namespace belongs': '0802 2202 0801',
    'bytes where the status belongs': '0801 1a03 0a0161',
    'a group': '0b0c 0802 2203 0a0161',
    'field number 0': '0001 0802 2203 0a0161',
    'a length beyond the end': '0802 2203 0a7f61',
    'a varint that is cut after three bytes': '0801 1a06 0800 18 808080',
    'a varint of eleven bytes': '0801 1a0e 0800 18 ffffffffffffffffffff01'
  }
  for (const [what, wire] of Object.entries(REFUSED)) {
    it(`refuses ${what}`, () => assert.throws(() => decodeMessage(bytes(wire)), Error))
  }

  it('refuses a reply of more registrations than it asked for', () => {
    const body = '0a03 0a0161'.repeat(1001)
    const wire = encodeWithBody(4, 6, bytes(body))
    assert.throws(() => decodeMessage(wire), /too many registrations/)
  })

  it('refuses a cookie that it would have to carry around', () => {
    const reply: RendezvousMessage = {
      type: 'discoverResponse',
      registrations: [],
      status: 0,
      cookie: new Uint8Array(1025)
    }
    assert.throws(() => decodeMessage(encodeMessage(reply)), /cookie too long/)
  })

  it('cuts a status text that is a page', () => {
    const reply: RendezvousMessage = {
      type: 'registerResponse',
      status: 300,
      statusText: 'x'.repeat(5000)
    }
    const message = decodeMessage(encodeMessage(reply))
    assert.equal(message.type, 'registerResponse')
    assert.equal(message.statusText?.length, 512)
  })
})

function encodeWithBody(type: number, field: number, body: Uint8Array): Uint8Array {
  const length = [(body.byteLength & 127) | 128, body.byteLength >> 7]
  return Uint8Array.from([8, type, (field << 3) | 2, ...length, ...body])
}

/** Buffers as hex, so that a Buffer and a Uint8Array of the same bytes compare as equal. */
function plain(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (_key, each: unknown) => {
      const isBuffer = each instanceof Uint8Array
      return isBuffer ? hex(each) : isSerialisedBuffer(each) ? hex(Buffer.from(each.data)) : each
    })
  )
}

function isSerialisedBuffer(value: unknown): value is { data: number[] } {
  return typeof value === 'object' && value !== null && 'type' in value && value.type === 'Buffer'
}
