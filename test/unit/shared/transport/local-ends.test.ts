// From which of several listening sockets a dial leaves.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { multiaddr } from '@multiformats/multiaddr'
import { tcpEndpoint } from '../../../../shared/addresses.ts'
import { LocalEnds } from '../../../../shared/transport/local-ends.ts'

function ends(...listening: string[]): LocalEnds {
  const all = new LocalEnds()
  for (const address of listening) all.add(tcpEndpoint(multiaddr(address))!)
  return all
}

describe('a dial that shares the listening port', () => {
  it('leaves from all of a family, or from the one address that is listened on', () => {
    const wild = ends('/ip4/0.0.0.0/tcp/4001', '/ip6/::/tcp/4002')
    assert.deepEqual(wild.towards('7.7.7.1'), { host: '0.0.0.0', port: 4001 })
    assert.deepEqual(wild.towards('2a07:707::1'), { host: '::', port: 4002 })
    const bound = ends('/ip4/192.168.1.2/tcp/4001')
    assert.deepEqual(bound.towards('7.7.7.1'), { host: '192.168.1.2', port: 4001 })
  })

  it('leaves from an end that leads there: loopback to loopback only', () => {
    const both = ends('/ip4/127.0.0.1/tcp/4001', '/ip4/192.168.1.2/tcp/4002')
    assert.equal(both.towards('7.7.7.1')?.port, 4002)
    assert.equal(both.towards('127.0.0.3')?.port, 4001)
  })

  it('has no end of another family, nor to a name', () => {
    const all = ends('/ip4/0.0.0.0/tcp/4001')
    assert.equal(all.towards('::1'), undefined)
    assert.equal(all.towards('relay.example'), undefined)
    assert.equal(ends().towards('7.7.7.1'), undefined)
  })
})
