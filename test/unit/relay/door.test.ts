// Who comes in, without a socket.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Door, type Visit } from '../../../relay/door.ts'
import { DEFAULT_LIMITS, type RelayLimits } from '../../../relay/limits.ts'

function door(limits: Partial<RelayLimits>) {
  const opened = new Door({ ...DEFAULT_LIMITS, ...limits })
  const enter = (host: string, nowMs = 0): Visit => {
    const visit = opened.enter(host, nowMs)
    assert.ok(!('reason' in visit), 'turned away')
    return visit
  }
  const away = (host: string, nowMs = 0): string | undefined => {
    const visit = opened.enter(host, nowMs)
    assert.ok('reason' in visit, 'let in')
    return visit.limit
  }
  const used = (name: string) => opened.usage(0).find(({ limit }) => limit === name)?.used
  return { opened, enter, away, used }
}

describe('the door', () => {
  it('closes when all connections are taken, and opens when one has left', () => {
    const { enter, away, used } = door({ connections: 2 })
    const first = enter('a')
    enter('b')
    assert.equal(away('c'), 'connections')
    first.left()
    first.left()
    enter('c')
    assert.equal(away('d'), 'connections')
    assert.equal(used('connections'), 2)
  })

  it('counts connections of a host apart', () => {
    const { enter, away, used } = door({ 'connections-per-host': 2 })
    enter('a')
    const second = enter('a')
    assert.equal(away('a'), 'connections-per-host')
    enter('b')
    second.left()
    enter('a')
    assert.equal(used('connections-per-host'), 2)
  })

  it('counts handshakes until they are over', () => {
    const { enter, away, used } = door({ handshakes: 3, 'handshakes-per-host': 2 })
    const first = enter('a')
    enter('a')
    assert.equal(away('a'), 'handshakes-per-host')
    enter('b')
    assert.equal(away('c'), 'handshakes')
    first.shakenHands()
    first.shakenHands()
    first.left()
    assert.equal(used('handshakes'), 2)
    enter('a')
    assert.equal(away('c'), 'handshakes')
  })

  it('slows a host down that comes and goes', () => {
    const { enter, away, used } = door({ 'connection-rate-per-host': 2 })
    enter('a').left()
    enter('a').left()
    assert.equal(used('connection-rate-per-host'), 2)
    assert.equal(away('a'), 'connection-rate-per-host')
    enter('b').left()
    enter('a', 30_000).left()
  })

  it('lets nobody in any more when the relay stops', () => {
    const { opened, enter, away } = door({})
    enter('a')
    opened.closed = true
    assert.equal(away('a'), undefined)
  })
})
