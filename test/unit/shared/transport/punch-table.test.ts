// Which role a socket gets from where it came.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { multiaddr } from '@multiformats/multiaddr'
import { PunchTable } from '../../../../shared/transport/punch-table.ts'

const PUNCHED = multiaddr('/ip4/7.7.7.2/tcp/4001')
const OTHER_PORT = multiaddr('/ip4/7.7.7.2/tcp/50123')
const ELSEWHERE = multiaddr('/ip4/7.7.7.3/tcp/4001')

describe('the table of punches', () => {
  it('knows nothing of a socket when nothing is punched', () => {
    assert.equal(new PunchTable().match(PUNCHED), undefined)
  })

  it('gives the role of the punch to a socket from the very address, for certain', () => {
    const table = new PunchTable()
    table.add([ELSEWHERE, PUNCHED], 'client')
    assert.deepEqual(table.match(PUNCHED), { role: 'client', confidence: 'certain' })
  })

  it('thinks it likely for a socket from another port of that host', () => {
    const table = new PunchTable()
    table.add([PUNCHED], 'client')
    assert.deepEqual(table.match(OTHER_PORT), { role: 'client', confidence: 'likely' })
    assert.equal(table.match(ELSEWHERE), undefined)
  })

  it('takes a certain match before a likely one, whichever punch began first', () => {
    const table = new PunchTable()
    table.add([PUNCHED], 'client')
    table.add([OTHER_PORT], 'server')
    assert.deepEqual(table.match(OTHER_PORT), { role: 'server', confidence: 'certain' })
  })

  it('forgets a punch that is over, however often it is told, and keeps the others', () => {
    const table = new PunchTable()
    const release = table.add([PUNCHED], 'client')
    table.add([PUNCHED], 'server')
    release()
    release()
    assert.deepEqual(table.match(PUNCHED), { role: 'server', confidence: 'certain' })
  })

  it('passes over what is not TCP, on either side', () => {
    const table = new PunchTable()
    table.add([multiaddr('/ip4/7.7.7.2/udp/4001/quic-v1')], 'client')
    assert.equal(table.match(PUNCHED), undefined)
    assert.equal(table.match(multiaddr('/ip4/7.7.7.2/udp/4001/quic-v1')), undefined)
  })

  it('tells IPv6 addresses apart by their value and not by how they are written', () => {
    const table = new PunchTable()
    table.add([multiaddr('/ip6/2001:db8:0:0:0::1/tcp/1')], 'server')
    const match = table.match(multiaddr('/ip6/2001:db8::1/tcp/1'))
    assert.deepEqual(match, { role: 'server', confidence: 'certain' })
  })
})
