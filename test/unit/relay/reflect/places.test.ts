// Which ports a relay reflects on, and how the option for it is read.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseReflectPort, reflectPlaces } from '../../../../relay/reflect/places.ts'

const BOTH = ['/ip4/0.0.0.0/tcp/45678', '/ip6/::/tcp/45678']

describe('the ports that a relay reflects on', () => {
  it('lie beside its own, past the one of the status page, for each address', () => {
    assert.deepEqual(reflectPlaces(BOTH, 'beside'), [
      { host: '0.0.0.0', port: 45680 },
      { host: '::', port: 45680 }
    ])
  })

  it('are the one that was asked for', () => {
    assert.deepEqual(reflectPlaces(BOTH, 443), [
      { host: '0.0.0.0', port: 443 },
      { host: '::', port: 443 }
    ])
  })

  it('are none when it is off', () => {
    assert.deepEqual(reflectPlaces(BOTH, 'off'), [])
  })

  it('are never those that it listens on', () => {
    const crowded = ['/ip4/1.2.3.4/tcp/10', '/ip4/5.6.7.8/tcp/12']
    assert.deepEqual(reflectPlaces(crowded, 'beside'), [
      { host: '1.2.3.4', port: 13 },
      { host: '5.6.7.8', port: 14 }
    ])
    assert.deepEqual(reflectPlaces(crowded, 12), [])
  })

  it('are chosen by the system when its own are', () => {
    assert.deepEqual(reflectPlaces(['/ip4/127.0.0.1/tcp/0'], 'beside'), [
      { host: '127.0.0.1', port: 0 }
    ])
  })

  it('end where ports end', () => {
    assert.deepEqual(reflectPlaces(['/ip4/0.0.0.0/tcp/65535'], 'beside'), [])
  })
})

describe('the option', () => {
  it('takes a port, beside, or off', () => {
    assert.equal(parseReflectPort(' 443 ', '--reflect-port'), 443)
    assert.equal(parseReflectPort('off', '--reflect-port'), 'off')
    assert.equal(parseReflectPort('beside', '--reflect-port'), 'beside')
  })

  for (const wrong of ['', '0', '65536', '1e3', '0x10', '-1', 'none']) {
    it(`refuses "${wrong}" and names itself`, () => {
      assert.throws(() => parseReflectPort(wrong, '--reflect-port'), {
        name: 'UsageError',
        message: /--reflect-port/
      })
    })
  }
})
