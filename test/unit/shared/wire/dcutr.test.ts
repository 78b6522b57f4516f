// The messages of DCUtR against literal bytes, as go-libp2p and rust-libp2p write them.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { multiaddr } from '@multiformats/multiaddr'
import {
  DcutrFormatError,
  decodeDcutr,
  encodeDcutr,
  MAX_DCUTR_ADDRESSES,
  MAX_DCUTR_MESSAGE_BYTES,
  type DcutrMessage
} from '../../../../shared/wire/dcutr.ts'

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'))
const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const named = { name: 'DcutrFormatError' }

/** `type` is an enum with CONNECT = 100 = 0x64 and SYNC = 300 = 0xac 0x02. */
const cases: Array<{ what: string; bytes: string; message: DcutrMessage }> = [
  { what: 'a SYNC', bytes: '08ac02', message: { type: 'sync' } },
  {
    what: 'a CONNECT without addresses',
    bytes: '0864',
    message: { type: 'connect', addresses: [] }
  },
  {
    what: 'a CONNECT with two addresses',
    bytes: '0864120804070707020610e11208047f000001060001',
    message: { type: 'connect', addresses: [hex('04070707020610e1'), hex('047f000001060001')] }
  },
  {
    what: 'a CONNECT with what our NAT does, in a field of ours',
    bytes: '0864120804070707020610e1ca3f020801',
    message: { type: 'connect', addresses: [hex('04070707020610e1')], nat: hex('0801') }
  },
  {
    what: 'a CONNECT that was held back for half a second',
    bytes: '0864120804070707020610e1d03ff403',
    message: { type: 'connect', addresses: [hex('04070707020610e1')], heldMs: 500 }
  }
]

const connectWith = (count: number): Uint8Array =>
  encodeDcutr({ type: 'connect', addresses: Array.from({ length: count }, () => hex('0401')) })

describe('the wire format of DCUtR', () => {
  for (const { what, bytes, message } of cases) {
    it(`encodes and decodes ${what}`, () => {
      assert.equal(toHex(encodeDcutr(message)), bytes)
      assert.deepEqual(decodeDcutr(hex(bytes)), message)
    })

    it(`reports every truncation of ${what}, or reads what is there`, () => {
      for (let length = 0; length < bytes.length / 2; length++) {
        try {
          const { type } = decodeDcutr(hex(bytes).slice(0, length))
          assert.equal(type, message.type)
        } catch (error) {
          assert.ok(error instanceof DcutrFormatError, String(error))
        }
      }
    })
  }

  it('carries the addresses as multiaddrs in binary', () => {
    const message = decodeDcutr(hex('0864120804070707020610e1'))
    assert.equal(message.type, 'connect')
    const [address = new Uint8Array()] = message.type === 'connect' ? message.addresses : []
    assert.equal(multiaddr(address).toString(), '/ip4/7.7.7.2/tcp/4321')
  })

  it('reads fields in any order and skips those that it does not know, of every wire type', () => {
    // Fields 15 varint, 16 fixed64, 17 bytes, 18 fixed32.
    const strange = '78ac02810101020304050607088a0103abcdef950101020304'
    assert.deepEqual(decodeDcutr(hex(`${strange}1202abcd${strange}0864${strange}`)), {
      type: 'connect',
      addresses: [hex('abcd')]
    })
  })

  it('takes the addresses of a SYNC for noise', () => {
    assert.deepEqual(decodeDcutr(hex('08ac021202abcd')), { type: 'sync' })
  })

  for (const [what, bytes] of [
    ['a tag without its value', '08'],
    ['a number that goes on', '08ac'],
    ['an address shorter than it says', '08641208aabb'],
    ['an address of 2^32 bytes', '086412ffffffff0f'],
    ['an unknown field that breaks off', '08648a01ff'],
    ['the end of a group that never began', '08640c'],
    ['groups in groups in groups', `0864${'0b'.repeat(2_000)}`]
  ] as const) {
    it(`refuses ${what}`, () => {
      assert.throws(() => decodeDcutr(hex(bytes)), named)
    })
  }

  it('refuses a message without a type or of another type, and names it', () => {
    assert.throws(() => decodeDcutr(new Uint8Array()), { ...named, message: /without a type/ })
    assert.throws(() => decodeDcutr(hex('1202abcd')), { ...named, message: /without a type/ })
    assert.throws(() => decodeDcutr(hex('0807')), { ...named, message: /unknown type 7/ })
  })

  it('refuses more addresses than an honest host has', () => {
    const most = decodeDcutr(connectWith(MAX_DCUTR_ADDRESSES))
    assert.equal(most.type === 'connect' && most.addresses.length, 64)
    assert.throws(() => decodeDcutr(connectWith(65)), { ...named, message: /65 addresses.* 64/ })
    assert.throws(() => decodeDcutr(connectWith(600)), { ...named, message: /600 addresses/ })
  })

  it('refuses a message over 4 KiB before it looks inside', () => {
    const padded = Buffer.concat([hex('08ac02'), hex('8a01f81f'), new Uint8Array(4088)])
    assert.equal(padded.byteLength, MAX_DCUTR_MESSAGE_BYTES - 1)
    assert.deepEqual(decodeDcutr(padded), { type: 'sync' })
    const large = new Uint8Array(MAX_DCUTR_MESSAGE_BYTES + 1)
    assert.throws(() => decodeDcutr(large), { ...named, message: /4097 bytes, the limit is 4096/ })
  })

  it('copies what it keeps, so that an address does not hold the buffer it came in', () => {
    const buffer = new Uint8Array(100_000)
    buffer.set(hex('0864120804070707020610e1'), 500)
    const message = decodeDcutr(buffer.subarray(500, 512))
    const [address] = message.type === 'connect' ? message.addresses : []
    assert.equal(address?.buffer.byteLength, 8)
  })
})
