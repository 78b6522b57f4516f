// Who is in the room and what is told of it, in which order, with the time as an argument.
import assert from 'node:assert/strict'
import { beforeEach, describe, it } from 'node:test'
import { multiaddr } from '@multiformats/multiaddr'
import type { PeerEvent } from '../../../peer/events.ts'
import { ABSENCE_MS, MAX_MEMBERS, Room } from '../../../peer/room.ts'

const ANN = '12D3KooWEHUQf4tPKh6TeSX5WdAhMP5xmtLXQDAeWrfUW8TLKvvv'
const BEN = '12D3KooWJWoaqZhDaoEFshF7Rh1bpY9ohihFhzcW6d69Lr2NASuq'
const RELAY = 'relay-1'
const OTHER_RELAY = 'relay-2'
const AT = multiaddr('/ip4/7.7.7.2/tcp/4001')
const CIRCUIT = { path: 'relayed', address: '/ip4/7.7.7.9/tcp/1/p2p-circuit' } as const
const DIRECT = { path: 'direct', address: '/ip4/7.7.7.2/tcp/4001' } as const
const NOBODY_WAITS = (): number => 0

let room: Room
let told: PeerEvent[]

beforeEach(() => {
  told = []
  room = new Room('kitchen', (event) => told.push(event))
})

/** What was told since the last time that this was asked. */
const news = (): PeerEvent[] => told.splice(0)

describe('a room', () => {
  it('tells of a member that a relay lists once its name is known, and only once', () => {
    room.registered(ANN, RELAY, [AT], 0)
    assert.deepEqual(news(), [], 'it may say its name in a moment')
    room.introduced(ANN, 'ann', 10)
    assert.deepEqual(news(), [{ event: 'discovered', peer: ANN, name: 'ann', room: 'kitchen' }])
    room.introduced(ANN, 'ann', 20)
    room.registered(ANN, OTHER_RELAY, [AT], 30)
    room.announce(ANN)
    assert.deepEqual(news(), [])
  })

  it('tells of a member without a name when it was waited for long enough', () => {
    room.registered(ANN, RELAY, [AT], 0)
    room.announce(ANN)
    assert.deepEqual(news(), [{ event: 'discovered', peer: ANN, room: 'kitchen' }])
    assert.equal(room.label(ANN), '…W8TLKvvv')
  })

  it('tells of a member, with its name, before it tells of its paths', () => {
    room.registered(ANN, RELAY, [AT], 100)
    room.moved(ANN, CIRCUIT, 340)
    assert.deepEqual(news(), [])
    room.introduced(ANN, 'ann', 400)
    assert.deepEqual(news(), [
      { event: 'discovered', peer: ANN, name: 'ann', room: 'kitchen' },
      { event: 'path', peer: ANN, name: 'ann', was: 'none', ...CIRCUIT, ms: 240 }
    ])
    room.moved(ANN, DIRECT, 700.4)
    assert.deepEqual(news(), [
      { event: 'path', peer: ANN, name: 'ann', was: 'relayed', ...DIRECT, ms: 600 }
    ])
  })

  it('gives no reason for a first path, which has replaced none', () => {
    room.introduced(ANN, 'ann', 0)
    room.moved(ANN, { ...CIRCUIT, reason: 'the only one' }, 1)
    assert.equal(Reflect.get(news()[1] ?? {}, 'reason'), undefined)
  })

  it('tells of a path when another connection carries it, and not when the same does', () => {
    room.introduced(ANN, 'ann', 0)
    room.moved(ANN, DIRECT, 1)
    news()
    room.moved(ANN, DIRECT, 2)
    assert.deepEqual(news(), [])
    room.moved(ANN, { ...DIRECT, address: '/ip4/192.168.1.6/tcp/4001' }, 3)
    assert.partialDeepStrictEqual(news(), [
      { event: 'path', path: 'direct', was: 'direct', address: '/ip4/192.168.1.6/tcp/4001' }
    ])
  })

  it('says why there is no path, and no address where there is none', () => {
    room.introduced(ANN, 'ann', 0)
    room.moved(ANN, CIRCUIT, 1)
    news()
    room.moved(ANN, { path: 'none', reason: 'the relay is gone' }, 50)
    assert.deepEqual(news(), [
      {
        event: 'path',
        peer: ANN,
        name: 'ann',
        path: 'none',
        was: 'relayed',
        reason: 'the relay is gone',
        ms: 50
      }
    ])
  })

  it('lists why there is no path, and not why the one before was relayed', () => {
    const reason = (): unknown => room.list(NOBODY_WAITS)[0]?.reason
    room.introduced(ANN, 'ann', 0)
    room.moved(ANN, CIRCUIT, 1)
    room.staysRelayed(ANN, 'your NAT', 2)
    room.moved(ANN, { path: 'none', reason: 'the relay is gone' }, 3)
    assert.equal(reason(), 'the relay is gone')
    room.moved(ANN, CIRCUIT, 4)
    assert.equal(reason(), undefined, 'there is a path again')
    room.staysRelayed(ANN, 'your NAT', 5)
    room.moved(ANN, { ...CIRCUIT, address: '/ip4/7.7.7.8/tcp/1/p2p-circuit' }, 6)
    assert.equal(reason(), 'your NAT', 'by another relay it is as far from direct as before')
    room.moved(ANN, { path: 'none' }, 7)
    assert.equal(reason(), undefined)
  })

  it('says why a path stays relayed once for each reason, whatever its numbers, and never of a direct one', () => {
    room.introduced(ANN, 'ann', 0)
    room.staysRelayed(ANN, 'too early', 1)
    room.moved(ANN, CIRCUIT, 2)
    news()
    for (const reason of ['your NAT: 83 ×', 'your NAT: 91 ×', 'their NAT'])
      room.staysRelayed(ANN, reason, 3)
    assert.deepEqual(
      news().map((event) => event.event === 'path' && [event.was, event.path, event.reason]),
      [
        ['relayed', 'relayed', 'your NAT: 83 ×'],
        ['relayed', 'relayed', 'their NAT']
      ]
    )
    room.moved(ANN, DIRECT, 4)
    news()
    room.staysRelayed(ANN, 'a late round', 5)
    assert.deepEqual(news(), [])
    assert.equal(room.list(NOBODY_WAITS)[0]?.reason, undefined)
  })

  it('says a reason again when the path was direct in between', () => {
    room.introduced(ANN, 'ann', 0)
    for (const to of [CIRCUIT, DIRECT, CIRCUIT]) {
      room.moved(ANN, to, 1)
      room.staysRelayed(ANN, 'your NAT', 2)
    }
    const reasons = news().filter((event) => event.event === 'path' && event.reason !== undefined)
    assert.equal(reasons.length, 2)
  })

  it('lists members with what is known of them', () => {
    room.registered(ANN, RELAY, [AT], 0)
    room.introduced(BEN, 'ben', 0)
    room.moved(BEN, CIRCUIT, 1)
    room.staysRelayed(BEN, 'your NAT', 2)
    assert.deepEqual(
      room.list((peer) => (peer === BEN ? 3 : 0)),
      [
        { peer: ANN, path: 'none', undelivered: 0 },
        { peer: BEN, name: 'ben', ...CIRCUIT, reason: 'your NAT', undelivered: 3 }
      ]
    )
  })

  it('finds members by name or by peer id, all of those with one name', () => {
    room.introduced(ANN, 'sam', 0)
    room.introduced(BEN, 'sam', 0)
    assert.deepEqual(room.named('sam'), [ANN, BEN])
    assert.deepEqual(room.named(BEN), [BEN])
    assert.deepEqual(room.named('nobody'), [])
  })

  it('calls members in sentences so that none can pass for another, or for more than a name', () => {
    room.introduced(ANN, 'ann\u001B[2J: (…Lr2NASuq)', 0)
    assert.equal(room.label(ANN), 'ann␛[2J· [·Lr2NASuq]')
    room.introduced(BEN, 'ben', 0)
    assert.equal(room.label(BEN), 'ben')
    room.introduced(ANN, 'Ben\u200D', 0)
    assert.deepEqual([room.label(BEN), room.label(ANN)], ['ben (…Lr2NASuq)', 'Ben (…W8TLKvvv)'])
    room.introduced(ANN, '…W8TLKvvv', 0)
    assert.equal(room.label(ANN), '…W8TLKvvv', 'the name of who has none')
  })

  it('joins the addresses that several relays list', () => {
    const other = multiaddr('/ip4/7.7.7.3/tcp/4001')
    room.registered(ANN, RELAY, [AT], 0)
    room.registered(ANN, OTHER_RELAY, [other], 0)
    assert.deepEqual(room.addresses(ANN).map(String), [AT, other].map(String))
    room.registered(ANN, RELAY, [], 1)
    assert.deepEqual(room.addresses(ANN).map(String), [other.toString()])
    assert.deepEqual(room.addresses(BEN), [])
  })
})

describe('a member that goes', () => {
  it('has left when it says so, and that is told once', () => {
    room.introduced(ANN, 'ann', 0)
    news()
    room.leave(ANN)
    room.leave(ANN)
    assert.deepEqual(news(), [{ event: 'left', peer: ANN, name: 'ann', room: 'kitchen' }])
    assert.equal(room.has(ANN), false)
  })

  it('is told of as new when it comes back', () => {
    room.introduced(ANN, 'ann', 0)
    room.leave(ANN)
    news()
    room.introduced(ANN, 'ann', 1)
    assert.partialDeepStrictEqual(news(), [{ event: 'discovered', peer: ANN }])
  })

  it('never left when nobody was told that it came', () => {
    room.registered(ANN, RELAY, [AT], 0)
    room.unregistered(ANN, RELAY)
    assert.deepEqual(news(), [])
    assert.equal(room.has(ANN), false)
  })

  it('has left when no relay lists it any more and there is no path to it', () => {
    room.registered(ANN, RELAY, [AT], 0)
    room.registered(ANN, OTHER_RELAY, [AT], 0)
    room.introduced(ANN, 'ann', 0)
    room.unregistered(ANN, RELAY)
    assert.equal(room.has(ANN), true)
    room.unregistered(ANN, OTHER_RELAY)
    assert.equal(room.has(ANN), false)
  })

  it('stays while there is a path to it, whatever the relays say', () => {
    room.registered(ANN, RELAY, [AT], 0)
    room.moved(ANN, DIRECT, 1)
    room.unregistered(ANN, RELAY)
    assert.equal(room.has(ANN), true)
    assert.deepEqual(room.absent(ABSENCE_MS * 10), [])
  })

  it('is absent after a while without a path and without a relay that lists it', () => {
    room.introduced(ANN, 'ann', 0)
    room.moved(ANN, DIRECT, 1)
    room.moved(ANN, { path: 'none' }, 1_000)
    assert.deepEqual(room.absent(1_000 + ABSENCE_MS - 1), [])
    assert.deepEqual(room.absent(1_000 + ABSENCE_MS), [ANN])
    room.registered(ANN, RELAY, [AT], 2_000)
    assert.deepEqual(room.absent(1_000 + ABSENCE_MS), [], 'a relay lists it: it may come back')
  })

  it('is not absent for the time in which nobody could have come back', () => {
    room.introduced(ANN, 'ann', 0)
    assert.deepEqual(room.absent(ABSENCE_MS + 999, 1_000), [])
    assert.deepEqual(room.absent(ABSENCE_MS + 1_000, 1_000), [ANN])
  })

  it('may be nobody: unknown peers change nothing', () => {
    room.moved(ANN, DIRECT, 0)
    room.staysRelayed(ANN, 'your NAT', 0)
    room.unregistered(ANN, RELAY)
    room.announce(ANN)
    assert.deepEqual([news(), room.list(NOBODY_WAITS)], [[], []])
  })
})

describe('a full room', () => {
  it('takes up no more members, keeps those it has, and has a place when one leaves', () => {
    for (let index = 0; index < MAX_MEMBERS; index += 1) {
      room.registered(`peer-${index}`, RELAY, [], 0)
    }
    room.registered(ANN, RELAY, [AT], 0)
    assert.equal(room.introduced(ANN, 'ann', 0), false)
    assert.equal(room.has(ANN), false)
    assert.equal(room.peers.length, MAX_MEMBERS)
    room.introduced('peer-1', 'one', 1)
    assert.equal(room.nameOf('peer-1'), 'one')
    room.leave('peer-2')
    assert.equal(room.introduced(ANN, 'ann', 2), true)
  })
})
