// A relay that tells members of a room of each other in the same instant, and nobody else.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { encodeSubscribe, MEETING_PROTOCOL } from '../../shared/wire/meeting.ts'
import { lengthPrefixed } from '../../shared/wire/field-writer.ts'
import { meetingGuest, type MeetingGuest } from '../support/meeting-guest.ts'
import { patience } from '../support/raw-circuit.ts'
import { relayScene, type RelayScene } from '../support/relay-scene.ts'

const ROOM = 'kitchen'
const addressOf = (n: number): string => `/ip4/192.0.2.${n}/tcp/4001`

async function member(scene: RelayScene, n: number): Promise<MeetingGuest> {
  const guest = await meetingGuest(scene, addressOf(n))
  await guest.subscribe(ROOM)
  await guest.register(ROOM)
  return guest
}

const idsOf = ({ met }: MeetingGuest): string[] => met.events.map(({ peer }) => peer)

/** Whatever it was told is there. */
async function meets(one: MeetingGuest, other: MeetingGuest): Promise<void> {
  await one.met.first(({ peer }) => peer === other.id)
}

describe('a relay at which members meet', () => {
  it('tells each of the other, with the record that the other has signed', async () => {
    await using scene = await relayScene()
    const ann = await member(scene, 1)
    const ben = await member(scene, 2)
    await Promise.all([meets(ann, ben), meets(ben, ann)])
    assert.deepEqual(ann.met.events, [{ room: ROOM, peer: ben.id, addresses: [addressOf(2)] }])
    assert.deepEqual(ben.met.events, [{ room: ROOM, peer: ann.id, addresses: [addressOf(1)] }])
  })

  it('tells nobody who is not in the room, and nobody of them', async () => {
    await using scene = await relayScene()
    const spy = await meetingGuest(scene, addressOf(9))
    await spy.subscribe(ROOM, 'cellar')
    await spy.register('cellar')
    const ann = await member(scene, 1)
    const ben = await member(scene, 2)
    const cid = await member(scene, 3)
    await Promise.all([meets(ann, cid), meets(ben, cid), meets(cid, ann), meets(cid, ben)])
    assert.deepEqual(idsOf(spy), [])
    await spy.register(ROOM)
    await Promise.all([meets(spy, ann), meets(cid, spy)])
    assert.deepEqual(idsOf(cid), [ben.id, ann.id, spy.id], 'first when the spy has come in')
  })

  it('forgets a subscription with its stream, and a member with its registration', async () => {
    await using scene = await relayScene()
    const ann = await meetingGuest(scene, addressOf(1))
    const stream = await ann.subscribe(ROOM)
    await ann.register(ROOM)
    const ben = await member(scene, 2)
    await meets(ann, ben)
    stream.abort(new Error('enough'))
    await ann.subscribe('cellar')
    await ann.register('cellar')
    const cid = await member(scene, 3)
    await meets(cid, ben)
    assert.deepEqual(idsOf(cid), [ben.id])
    assert.deepEqual(idsOf(ann), [ben.id])
  })

  it('has one stream for each peer: the last one', async () => {
    await using scene = await relayScene()
    const ann = await member(scene, 1)
    const again = await ann.subscribe(ROOM)
    const ben = await member(scene, 2)
    await meets(ann, ben)
    assert.equal(again.status, 'open')
    const open = ann.connection.streams.filter(({ protocol }) => protocol === MEETING_PROTOCOL)
    assert.deepEqual(open, [again])
    assert.deepEqual(idsOf(ann), [ben.id], 'once')
  })

  it('does not introduce anybody in rooms that it does not have, or whom it turns away', async () => {
    await using scene = await relayScene({}, { access: { rooms: [ROOM] } })
    const ann = await meetingGuest(scene, addressOf(1))
    const ben = await meetingGuest(scene, addressOf(2))
    for (const guest of [ann, ben]) {
      await guest.subscribe('cellar', ROOM)
      await assert.rejects(guest.register('cellar'), /does not have that room/)
    }
    for (const guest of [ann, ben]) await guest.register(ROOM)
    await meets(ann, ben)
    assert.deepEqual(
      ann.met.events.map(({ room }) => room),
      [ROOM]
    )
    scene.relay.reload({ access: { rooms: ['attic'] } })
    await assert.rejects(ann.register(ROOM), /does not have that room/)
  })

  it('tells a member who registers in a loop, and of it, so often and no more', async () => {
    await using scene = await relayScene({ 'meeting-rate-per-peer': 5 })
    const ann = await member(scene, 1)
    const mal = await member(scene, 6)
    for (let times = 0; times < 20; times += 1) await mal.register(ROOM)
    const ben = await member(scene, 2)
    // Whatever there was to tell has been told by now: what a relay says on a connection comes in order.
    await Promise.all([ann, ben].map(async (guest) => guest.register('cellar')))
    await ann.met.until(() => ann.met.events.length >= 5)
    assert.equal(idsOf(ann).filter((id) => id === mal.id).length, 5)
    assert.equal(idsOf(mal).length, 5)
    assert.deepEqual(idsOf(ben), [], 'both have met enough for a minute')
    const refused = await scene.event('meeting', { action: 'refused' })
    assert.deepEqual([refused.limit, refused.peer], ['meeting-rate-per-peer', mal.id])
    // Once for who came in a loop, however often, and once when the third one came.
    assert.equal(scene.relay.refusals['meeting-rate-per-peer'], 2)
    const { refused: totals } = scene.relay.snapshot().totals
    assert.equal(totals['meeting/meeting-rate-per-peer'], 2)
  })

  const HOSTILE: Array<[what: string, bytes: Uint8Array]> = [
    ['more rooms than there may be', lengthPrefixed(encodeSubscribe({ rooms: rooms(33) }))],
    ['a frame of gigabytes', Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x07)],
    ['a length that does not end', new Uint8Array(64).fill(0xff)],
    ['what is no message', lengthPrefixed(Uint8Array.of(0x08, 0x01))]
  ]
  for (const [what, bytes] of HOSTILE) {
    it(`ends a stream with ${what}, and goes on`, async () => {
      await using scene = await relayScene()
      const mal = await meetingGuest(scene, addressOf(6))
      const stream = await mal.connection.newStream(MEETING_PROTOCOL, { signal: patience() })
      const ended = new Promise((resolve) => stream.addEventListener('close', resolve))
      stream.send(bytes)
      await ended
      const ann = await member(scene, 1)
      const ben = await member(scene, 2)
      await Promise.all([meets(ann, ben), meets(ben, ann)])
    })
  }

  it('ends a stream on which somebody subscribes in a loop', async () => {
    await using scene = await relayScene({ 'rendezvous-rate-per-peer': 20 })
    const mal = await meetingGuest(scene, addressOf(6))
    const stream = await mal.subscribe(ROOM)
    const ended = new Promise((resolve) => stream.addEventListener('close', resolve))
    for (let times = 0; times < 30; times += 1)
      stream.send(lengthPrefixed(encodeSubscribe({ rooms: [ROOM] })))
    await ended
  })
})

function rooms(count: number): string[] {
  return Array.from({ length: count }, (_, n) => `room ${n}`)
}
