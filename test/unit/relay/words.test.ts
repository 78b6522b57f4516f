// What the operator reads.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { addressBlock, eventWords, isRoutine } from '../../../relay/words.ts'

const ID = '12D3KooWEHUQf4tPKh6TeSX5WdAhMP5xmtLXQDAeWrfUW8TLKvvv'
const OTHER = '12D3KooWEHUQf4tPKh6TeSX5WdAhMP5xmtLXQDAeWrfUW8TLAAAA'
const LAN = `/ip4/192.168.1.5/tcp/45678/p2p/${ID}`
const LOOPBACK = `/ip4/127.0.0.1/tcp/45678/p2p/${ID}`

describe('the words of the relay', () => {
  it('put the addresses between two marker lines, and the command for a peer behind', () => {
    assert.equal(
      addressBlock([LAN, LOOPBACK], 'parley chat'),
      `----- parley relay addresses -----\n${LAN}\n${LOOPBACK}\n----- end of addresses -----\n` +
        `A peer joins with:\n  parley chat --relay ${LAN}\n`
    )
  })

  it('name loopback in the command only when there is nothing else', () => {
    assert.match(addressBlock([LOOPBACK, LAN], 'parley chat'), /--relay \/ip4\/192\.168/)
    assert.match(
      addressBlock([LOOPBACK], 'node peer/parley.js chat'),
      /\n {2}node peer\/parley\.js chat --relay \/ip4\/127/
    )
  })

  it('say what else the command takes', () => {
    assert.match(
      addressBlock([LAN], 'parley chat', ' --secret-file FILE'),
      /Kvvv --secret-file FILE\n$/
    )
  })

  it('say what the self-check found, and where the status page is', () => {
    const reason = 'the self-check got no circuit: the relay answered CONNECTION_FAILED'
    assert.equal(eventWords({ event: 'readiness', ready: false, reason }), `NOT READY: ${reason}`)
    assert.match(eventWords({ event: 'readiness', ready: true }) ?? '', /carries bytes$/)
    assert.match(
      eventWords({ event: 'status', url: 'http://[::1]:1/' }) ?? '',
      /http:\/\/\[::1\]:1\/$/
    )
  })

  it('say each event in a line', () => {
    const reservation = { event: 'reservation', peer: ID } as const
    assert.equal(
      eventWords({ ...reservation, action: 'released', reason: 'the peer disconnected' }),
      'reservation released · …W8TLKvvv: the peer disconnected'
    )
    const circuit = { event: 'circuit', from: ID, to: OTHER } as const
    assert.equal(
      eventWords({ ...circuit, action: 'opened' }),
      'circuit opened · …W8TLKvvv → …W8TLAAAA'
    )
    assert.equal(
      eventWords({ ...circuit, action: 'closed', reason: 'it was closed', bytes: 12_345 }),
      'circuit closed · …W8TLKvvv → …W8TLAAAA · 12.3 kB: it was closed'
    )
    assert.equal(
      eventWords({ event: 'registration', peer: ID, room: 'kitchen', action: 'added' }),
      'registration added · …W8TLKvvv · room kitchen'
    )
    assert.equal(
      eventWords({
        event: 'meeting',
        peer: ID,
        room: 'kitchen',
        action: 'refused',
        reason: 'too many',
        limit: 'meetings-per-registration'
      }),
      'meeting refused · …W8TLKvvv · room kitchen: too many (limit meetings-per-registration)'
    )
    assert.equal(
      eventWords({ event: 'dial-back', peer: ID, action: 'refused', reason: 'not there' }),
      'dial-back refused · …W8TLKvvv: not there'
    )
    assert.equal(
      eventWords({ event: 'draining', circuits: 2, seconds: 8 }),
      'stopping: 2 circuits are still running, for up to 8 s'
    )
    assert.equal(eventWords({ event: 'stopped' }), 'stopped')
    assert.equal(eventWords({ event: 'listening', peerId: ID, addresses: [] }), undefined)
  })

  it('name the limit that was the reason', () => {
    const why = { reason: 'full', limit: 'reservations' } as const
    assert.equal(
      eventWords({ event: 'reservation', peer: ID, action: 'refused', ...why }),
      'reservation refused · …W8TLKvvv: full (limit reservations)'
    )
    assert.equal(
      eventWords({ event: 'connection', host: '7.7.7.7', action: 'refused', reason: 'full' }),
      'connection refused · 7.7.7.7: full'
    )
    const stream = { event: 'stream', peer: ID, host: '7.7.7.7', action: 'refused' } as const
    assert.equal(
      eventWords({ ...stream, reason: 'full', limit: 'waiting-streams' }),
      'stream refused · …W8TLKvvv at 7.7.7.7: full (limit waiting-streams)'
    )
  })

  it('name the rule of access that was the reason', () => {
    const why = { reason: 'the peer is on the deny list', rule: 'deny' } as const
    assert.equal(
      eventWords({ event: 'connection', host: '7.7.7.7', peer: ID, action: 'closed', ...why }),
      'connection closed · 7.7.7.7 · …W8TLKvvv: the peer is on the deny list (rule deny)'
    )
    const refused = {
      reason: 'the peer knows no secret that is in force',
      rule: 'secret-wrong'
    } as const
    assert.equal(
      eventWords({ event: 'access', peer: ID, action: 'refused', ...refused }),
      'secret refused · …W8TLKvvv: the peer knows no secret that is in force (rule secret-wrong)'
    )
    const granted = { event: 'access', peer: ID, action: 'granted' } as const
    assert.equal(eventWords(granted), 'secret proven · …W8TLKvvv')
    assert.ok(isRoutine(granted) && !isRoutine({ ...granted, action: 'refused' }))
  })

  it('take renewals and idle strangers for routine, and nothing else', () => {
    const connection = { event: 'connection', host: '7.7.7.7', reason: 'why' } as const
    assert.equal(isRoutine({ ...connection, action: 'closed', limit: 'idle-seconds' }), true)
    assert.equal(isRoutine({ ...connection, action: 'refused', limit: 'connections' }), false)
    const reservation = { event: 'reservation', peer: ID, action: 'granted' } as const
    assert.equal(isRoutine({ ...reservation, reason: 'renewed' }), true)
    assert.equal(isRoutine(reservation), false)
  })

  it('say that the shared rooms are away, and that they are back', () => {
    const rooms = { event: 'rooms', place: 'redis://10.0.0.5' } as const
    assert.equal(
      eventWords({ ...rooms, action: 'unavailable', reason: 'connect ECONNREFUSED' }),
      'rooms at redis://10.0.0.5 cannot be used, so nobody can join a room; who is in one stays: connect ECONNREFUSED'
    )
    assert.equal(
      eventWords({ ...rooms, action: 'available' }),
      'rooms at redis://10.0.0.5 are there again'
    )
  })
})
