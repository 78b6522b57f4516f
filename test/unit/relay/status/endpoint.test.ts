// Where the status page is, and by which names it may be asked.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  askable,
  endpointText,
  isLoopbackAuthority,
  isLoopbackHost,
  parseEndpoint
} from '../../../../relay/status/endpoint.ts'

describe('the endpoint of the status page', () => {
  it('is HOST:PORT, or off', () => {
    assert.deepEqual(parseEndpoint('127.0.0.1:80', '--status'), { host: '127.0.0.1', port: 80 })
    assert.deepEqual(parseEndpoint(' [::1]:0 ', '--status'), { host: '::1', port: 0 })
    assert.deepEqual(parseEndpoint('relay.lan:9', '--status'), { host: 'relay.lan', port: 9 })
    assert.equal(parseEndpoint('off', '--status'), undefined)
    for (const text of [
      '',
      '80',
      '::1:80',
      'a b:1',
      '127.0.0.1:65536',
      '127.0.0.1:',
      'http://a:1/'
    ]) {
      assert.throws(() => parseEndpoint(text, '--status'), {
        name: 'UsageError',
        message: /--status/
      })
    }
  })

  it('is asked on loopback when it is everywhere', () => {
    assert.equal(endpointText(askable({ host: '0.0.0.0', port: 1 })), '127.0.0.1:1')
    assert.equal(endpointText(askable({ host: '::', port: 1 })), '[::1]:1')
    assert.equal(endpointText(askable({ host: '192.0.2.1', port: 1 })), '192.0.2.1:1')
  })

  it('counts as loopback only when it is', () => {
    for (const host of ['127.0.0.1', '127.1.2.3', '::1', 'localhost'])
      assert.ok(isLoopbackHost(host))
    for (const host of ['0.0.0.0', '::', '127.0.0.1.example', '10.0.0.1', 'localhost.example']) {
      assert.ok(!isLoopbackHost(host), host)
    }
  })

  it('on loopback answers to names of this machine on any port, and to no others', () => {
    for (const host of [
      'localhost',
      'LOCALHOST:80',
      '127.0.0.1:45679',
      '[::1]:8080',
      '127.9.9.9'
    ]) {
      assert.ok(isLoopbackAuthority(host), host)
    }
    for (const host of [
      undefined,
      '',
      'evil.example',
      'localhost.evil.example:45679',
      '127.0.0.1.nip.io',
      '[::2]',
      'localhost:80:80',
      'a@localhost',
      '10.0.0.7:45679'
    ]) {
      assert.ok(!isLoopbackAuthority(host), host)
    }
  })
})
