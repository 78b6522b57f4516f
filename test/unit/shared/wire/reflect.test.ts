// The messages of /parley/reflect/1.0.0, byte for byte, and what is refused.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { multiaddr } from '@multiformats/multiaddr'
import * as fc from 'fast-check'
import {
  decodeReflection,
  decodeReflectPorts,
  decodeReflectRequest,
  encodeReflection,
  encodeReflectPorts,
  encodeReflectRequest,
  MAX_REFLECTION_BYTES,
  REFLECT_REQUEST_BYTES,
  ReflectFormatError,
  reflectionStatement
} from '../../../../shared/wire/reflect.ts'

const COMMITMENT = new Uint8Array(32).fill(0xab)
const SIGNATURE = new Uint8Array([1, 2, 3])
const REFLECTION = { address: multiaddr('/ip4/7.7.7.2/tcp/4001'), unixSeconds: 1_800_000_000 }
const UNSIGNED_HEX = '0a080407070702060fa11080a4a7da06'
const MAGIC_HEX = Buffer.from('parley/reflect/1').toString('hex')

describe('the ports that a relay tells', () => {
  it('are varints in field 1', () => {
    const hex = Buffer.from(encodeReflectPorts([45680, 443])).toString('hex')
    assert.equal(hex, '08f0e40208bb03')
    assert.deepEqual(decodeReflectPorts(Buffer.from(hex, 'hex')), [45680, 443])
    assert.deepEqual(decodeReflectPorts(new Uint8Array()), [])
  })

  it('are at most eight, and ports', () => {
    for (const ports of [[0], [65_536], Array<number>(9).fill(443)]) {
      assert.throws(() => decodeReflectPorts(encodeReflectPorts(ports)), ReflectFormatError)
    }
  })
})

describe('a request', () => {
  it('is the magic word and a commitment', () => {
    const request = encodeReflectRequest(COMMITMENT)
    assert.equal(Buffer.from(request).toString('hex'), MAGIC_HEX + 'ab'.repeat(32))
    assert.equal(request.byteLength, REFLECT_REQUEST_BYTES)
    assert.deepEqual(decodeReflectRequest(request), COMMITMENT)
  })

  it('is nothing shorter, longer, or that begins otherwise', () => {
    const request = encodeReflectRequest(COMMITMENT)
    assert.equal(decodeReflectRequest(request.subarray(1)), undefined)
    assert.equal(decodeReflectRequest(Buffer.concat([request, new Uint8Array(1)])), undefined)
    const other = Buffer.from(request)
    other[0] = 0x50
    assert.equal(decodeReflectRequest(other), undefined)
  })
})

describe('a reflection', () => {
  it('is address, time and signature', () => {
    const hex = Buffer.from(encodeReflection({ ...REFLECTION, signature: SIGNATURE })).toString(
      'hex'
    )
    assert.equal(hex, UNSIGNED_HEX + '1a03010203')
    const { address, ...rest } = decodeReflection(Buffer.from(hex, 'hex'))
    assert.equal(address.toString(), '/ip4/7.7.7.2/tcp/4001')
    assert.deepEqual(rest, { unixSeconds: 1_800_000_000, signature: SIGNATURE })
  })

  it('is signed with the magic word, so that the signature is good for nothing else, and the commitment', () => {
    const statement = Buffer.from(reflectionStatement(COMMITMENT, REFLECTION)).toString('hex')
    assert.equal(statement, MAGIC_HEX + 'ab'.repeat(32) + UNSIGNED_HEX)
  })

  it('lacks nothing and names an IP address with a TCP port', () => {
    const signed = { ...REFLECTION, signature: SIGNATURE }
    const lacking = encodeReflection(signed).subarray(0, UNSIGNED_HEX.length / 2)
    assert.throws(() => decodeReflection(lacking), ReflectFormatError)
    for (const address of ['/ip4/7.7.7.2/udp/1', '/dns4/a.example/tcp/1', '/ip4/7.7.7.2/tcp/0']) {
      const wrong = encodeReflection({ ...signed, address: multiaddr(address) })
      assert.throws(() => decodeReflection(wrong), ReflectFormatError, address)
    }
  })

  it('fits with the longest signature', () => {
    const address = multiaddr('/ip6/ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/tcp/65535')
    const unixSeconds = Number.MAX_SAFE_INTEGER
    const bytes = encodeReflection({ address, unixSeconds, signature: new Uint8Array(512) })
    assert.ok(bytes.byteLength <= MAX_REFLECTION_BYTES, `${bytes.byteLength} bytes`)
  })
})

it('whatever bytes there are, these messages or a ReflectFormatError is what they are', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
      for (const decode of [decodeReflectPorts, decodeReflection]) {
        try {
          decode(bytes)
        } catch (error) {
          assert.ok(error instanceof ReflectFormatError, String(error))
        }
      }
      decodeReflectRequest(bytes)
    })
  )
})
