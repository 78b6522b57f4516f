// Who is told of whom.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Access } from '../../../../relay/access/access.ts'
import { DEFAULT_LIMITS } from '../../../../relay/limits.ts'
import { Introductions, type Outcome } from '../../../../relay/meeting/introductions.ts'
import type { VerifiedRecord } from '../../../../relay/rendezvous/room-store.ts'

const ROOM = 'kitchen'

const record = (sequence: number): VerifiedRecord => ({
  form: 'standard',
  sequence,
  bytes: Uint8Array.of(sequence)
})

/** `newcomer-member`. */
const pairs = ({ introductions }: Outcome): string[] =>
  introductions.map(({ newcomer, member }) => `${newcomer.peer}-${member.peer}`)

function roomOf(
  init: { access?: Access; perRegistration?: number; ratePerMinute?: number } = {}
): Introductions {
  return new Introductions({
    access: init.access ?? new Access(),
    limits: {
      ...DEFAULT_LIMITS,
      'meetings-per-registration': init.perRegistration ?? 16,
      'meeting-rate-per-peer': init.ratePerMinute ?? 120
    }
  })
}

/** Subscribes, then registers, as our peers do. */
function join(room: Introductions, peer: string, { sequence = 1, nowMs = 0 } = {}): string[] {
  return [
    ...pairs(room.subscribe(peer, [ROOM], nowMs)),
    ...pairs(room.registered(peer, ROOM, record(sequence), nowMs))
  ]
}

/** Joins; whose meetings were used up, and by which limit. */
function heldBack(room: Introductions, peer: string, sequence = 1): string[] {
  room.subscribe(peer, [ROOM], 0)
  const outcome = room.registered(peer, ROOM, record(sequence), 0)
  return outcome.heldBack.map(({ peer: whose, limit }) => `${whose} ${limit}`)
}

describe('introductions', () => {
  it('are made when somebody comes: to everybody who has subscribed, last come first', () => {
    const room = roomOf()
    assert.deepEqual(join(room, 'ann'), [])
    assert.deepEqual(join(room, 'ben'), ['ben-ann'])
    assert.deepEqual(join(room, 'cid'), ['cid-ben', 'cid-ann'])
  })

  it('carry the record of each to the other', () => {
    const room = roomOf()
    join(room, 'ann', { sequence: 3 })
    room.subscribe('ben', [ROOM], 0)
    assert.deepEqual(room.registered('ben', ROOM, record(5), 0).introductions, [
      {
        room: ROOM,
        newcomer: { peer: 'ben', record: Uint8Array.of(5) },
        member: { peer: 'ann', record: Uint8Array.of(3) }
      }
    ])
  })

  it('are made as well to one who registers first and then subscribes', () => {
    const room = roomOf()
    join(room, 'ann')
    assert.deepEqual(pairs(room.registered('ben', ROOM, record(1), 0)), [])
    assert.deepEqual(pairs(room.subscribe('ben', [ROOM], 0)), ['ben-ann'])
  })

  it('are made once for each record, whichever of its two forms comes first', () => {
    const room = roomOf()
    join(room, 'ann')
    join(room, 'ben')
    assert.deepEqual(join(room, 'ben'), [], 'again with the same one')
    assert.deepEqual(join(room, 'ben', { sequence: 2 }), ['ben-ann'], 'with new addresses')
    assert.deepEqual(join(room, 'ann'), [], 'asking again and again')
  })

  it('are made only among members of one room: to subscribe is not to be in it', () => {
    const room = roomOf()
    join(room, 'ann')
    assert.deepEqual(pairs(room.subscribe('spy', [ROOM], 0)), [])
    assert.deepEqual(join(room, 'ben'), ['ben-ann'])
    room.subscribe('cid', ['cellar'], 0)
    assert.deepEqual(pairs(room.registered('cid', 'cellar', record(1), 0)), [])
    assert.deepEqual(pairs(room.registered('cid', ROOM, record(1), 0)), [], 'did not ask for it')
  })

  it('end with the registration, and with the subscription', () => {
    const room = roomOf()
    join(room, 'ann')
    join(room, 'ben')
    room.removed('ann', ROOM)
    room.unsubscribe('ben')
    assert.deepEqual(join(room, 'cid'), [])
  })

  it('are not made for those whom the relay would not let in any more', () => {
    const access = new Access()
    const room = roomOf({ access })
    join(room, 'ann')
    join(room, 'ben')
    access.reload({ allow: [], deny: ['ann'], rooms: [], secrets: [] })
    assert.deepEqual(join(room, 'cid'), ['cid-ben'])
    access.reload({ allow: [], deny: [], rooms: ['cellar'], secrets: [] })
    assert.deepEqual(join(room, 'dan'), [])
  })

  it('are so many for each registration, and so many a minute for each peer', () => {
    const room = roomOf({ perRegistration: 2 })
    for (const peer of ['ann', 'ben', 'cid']) join(room, peer)
    assert.deepEqual(join(room, 'dan'), ['dan-cid', 'dan-ben'])

    const slow = roomOf({ ratePerMinute: 3 })
    join(slow, 'ann')
    const looping = (nowMs: number): number =>
      Array.from({ length: 10 }, (_, n) => join(slow, 'mal', { sequence: nowMs + n, nowMs })).flat()
        .length
    assert.equal(looping(1), 3, 'who registers in a loop makes the others dial no more than that')
    assert.equal(looping(60_001), 3)
  })

  it('of one who has none left cost the others nothing', () => {
    const room = roomOf({ ratePerMinute: 2 })
    for (const sequence of [1, 2]) {
      for (const peer of ['ben', 'mal']) {
        room.subscribe(peer, ['cellar', ROOM], 0)
        room.registered(peer, 'cellar', record(sequence), 0)
      }
    }
    join(room, 'ann')
    assert.deepEqual(join(room, 'mal'), [])
    assert.deepEqual(join(room, 'cid', { sequence: 1 }), ['cid-ann'])
    assert.deepEqual(join(room, 'cid', { sequence: 2 }), ['cid-ann'])
  })

  it('that are not made for a limit are told, with whose it is', () => {
    const room = roomOf({ perRegistration: 2 })
    for (const peer of ['ann', 'ben', 'cid']) assert.deepEqual(heldBack(room, peer), [])
    assert.deepEqual(heldBack(room, 'dan'), ['dan meetings-per-registration'])

    const slow = roomOf({ ratePerMinute: 2 })
    join(slow, 'ann')
    assert.deepEqual(heldBack(slow, 'ben'), [])
    assert.deepEqual(heldBack(slow, 'cid'), [])
    assert.deepEqual(heldBack(slow, 'dan'), ['cid meeting-rate-per-peer'], 'once, not for each')
    assert.deepEqual(heldBack(slow, 'cid', 2), ['cid meeting-rate-per-peer'])
  })

  it('that are not made for a limit are told once, however often the peer registers', () => {
    const slow = roomOf({ ratePerMinute: 1 })
    for (const peer of ['ann', 'ben']) assert.deepEqual(heldBack(slow, peer), [])
    assert.deepEqual(heldBack(slow, 'cid'), ['ben meeting-rate-per-peer'])
    for (const sequence of [2, 3, 4]) assert.deepEqual(heldBack(slow, 'cid', sequence), [])
    assert.deepEqual(heldBack(slow, 'ben', 2), ['ben meeting-rate-per-peer'], 'another one')
    const later = (sequence: number): Outcome =>
      slow.registered('cid', ROOM, record(sequence), 60_000)
    slow.removed('ann', ROOM)
    assert.deepEqual(later(5).heldBack, [])
    assert.deepEqual(
      later(6).heldBack.map(({ peer }) => peer),
      ['cid'],
      'it was told of others meanwhile'
    )
  })

  it('of as many members as there may be hold nobody back', () => {
    const room = roomOf({ perRegistration: 2 })
    for (const peer of ['ann', 'ben', 'cid']) assert.deepEqual(heldBack(room, peer), [])
    room.registered('spy', ROOM, record(1), 0)
    assert.deepEqual(heldBack(room, 'ben', 2), [], 'who has not subscribed is not told anyway')
  })
})
