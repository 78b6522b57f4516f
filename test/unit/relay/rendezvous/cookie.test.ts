// Cookies of DISCOVER, byte by byte.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { decodeCookie, encodeCookie } from '../../../../relay/rendezvous/cookie.ts'

describe('cookies', () => {
  it('are eight bytes and the namespace, as rust-libp2p wants to parse them', () => {
    const cookie = encodeCookie(0xabcdef, 0x0102030405, 'é')
    assert.equal(Buffer.from(cookie).toString('hex'), 'abcdef0102030405c3a9')
  })

  it('give their sequence number back', () => {
    const cookie = encodeCookie(7, 2 ** 40 - 1, 'kitchen')
    assert.equal(decodeCookie(cookie, 7, 'kitchen'), 2 ** 40 - 1)
  })

  it('are worth nothing in another room, another epoch, or cut short', () => {
    const cookie = encodeCookie(7, 1, 'kitchen')
    assert.equal(decodeCookie(cookie, 7, 'garden'), undefined)
    assert.equal(decodeCookie(cookie, 8, 'kitchen'), undefined)
    assert.equal(decodeCookie(cookie.subarray(0, 7), 7, 'kitchen'), undefined)
    assert.equal(decodeCookie(new Uint8Array(), 7, ''), undefined)
  })
})
