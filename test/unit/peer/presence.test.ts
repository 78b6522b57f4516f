// What follows from who is in the room: whom to converse with, whom to dial and when, whom to forget.
import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { multiaddr } from '@multiformats/multiaddr'
import type { Carrier } from '../../../peer/conversation/api.ts'
import type { PeerEvent } from '../../../peer/events.ts'
import { Presence } from '../../../peer/presence.ts'
import { FAREWELL_MS, QUIET_MS } from '../../../peer/farewells.ts'
import { ABSENCE_MS, Room } from '../../../peer/room.ts'
import { fakeClock } from '../../support/fake-clock.ts'

const ANN = '12D3KooWEHUQf4tPKh6TeSX5WdAhMP5xmtLXQDAeWrfUW8TLKvvv'
const LISTED = { peer: ANN, relay: 'relay-1', addresses: [multiaddr('/ip4/7.7.7.2/tcp/4001')] }
const DIRECT: Carrier = { connectionId: 'c1', address: '/ip4/7.7.7.2/tcp/4001', direct: true }

let done: string[]
let told: PeerEvent[]
let room: Room
let carrier: Carrier | undefined
let hasRelay: boolean
let controller: AbortController

function presence(): Presence {
  return new Presence(
    {
      room,
      conversations: {
        admit: (peer) => void done.push(`admit ${peer.slice(-3)}`),
        dismiss: async (peer, reason) => void done.push(`dismiss ${peer.slice(-3)}: ${reason}`),
        carrier: () => carrier
      },
      reach: {
        reach: (peer, { afterMs = 0 } = {}) => done.push(`reach ${peer.slice(-3)} after ${afterMs}`)
      },
      hasRelay: () => hasRelay
    },
    { signal: controller.signal }
  )
}

beforeEach(() => {
  done = []
  told = []
  carrier = undefined
  hasRelay = true
  controller = new AbortController()
  room = new Room('kitchen', (event) => told.push(event))
})

afterEach(() => controller.abort())

/** What was told since the last call. */
const toldOf = (): string =>
  told
    .splice(0)
    .map(({ event }) => event)
    .join(' ')

describe('presence', () => {
  it('dials those who were there before us at once, and lets newcomers dial first', () => {
    const here = presence()
    here.listed({ ...LISTED, newcomer: false })
    assert.deepEqual(done.splice(0), ['admit vvv', 'reach vvv after 0'])
    here.listed({ ...LISTED, newcomer: true })
    assert.deepEqual(done, ['admit vvv', 'reach vvv after 2000'])
  })

  it('tells of a member without a name when it has not said one for a second', async (t) => {
    const clock = fakeClock(t)
    presence().listed({ ...LISTED, newcomer: true })
    await clock.pass(900, 100)
    assert.deepEqual(told, [])
    await clock.pass(200, 100)
    assert.deepEqual(told, [{ event: 'discovered', peer: ANN, room: 'kitchen' }])
  })

  it('takes up who introduces itself, with the path that its words came by', () => {
    carrier = DIRECT
    presence().introduced(ANN, 'ann')
    assert.deepEqual(done, ['admit vvv', 'reach vvv after 2000'])
    assert.deepEqual(
      told.map((event) => (event.event === 'path' ? event.path : event.event)),
      ['discovered', 'direct']
    )
  })

  it('does not begin anew with someone who introduces itself again', () => {
    const here = presence()
    here.introduced(ANN, 'ann')
    done = []
    here.introduced(ANN, 'ann')
    assert.deepEqual(done, [])
  })

  it('forgets who has left, and what waits for it is told as refused', () => {
    const here = presence()
    here.introduced(ANN, 'ann')
    done = []
    here.left(ANN)
    assert.deepEqual(done, ['dismiss vvv: it has left the room'])
    assert.equal(told.at(-1)?.event, 'left')
  })

  it('keeps who is not listed any more while there is a path', () => {
    const here = presence()
    here.listed({ ...LISTED, newcomer: false })
    carrier = DIRECT
    here.introduced(ANN, 'ann')
    done = []
    here.unlisted(ANN, 'relay-1')
    assert.deepEqual([done, room.has(ANN)], [[], true])
    room.moved(ANN, { path: 'none' }, 0)
    here.unlisted(ANN, 'relay-1')
    assert.deepEqual(done, ['dismiss vvv: it has left the room'])
  })

  it('brings back who is listed all the same, once the relay has had time to hear of a goodbye', async (t) => {
    const clock = fakeClock(t)
    const here = presence()
    here.listed({ ...LISTED, newcomer: false })
    here.introduced(ANN, 'ann')
    here.left(ANN)
    here.stillListed(LISTED)
    await clock.pass(FAREWELL_MS - 1_000, 1_000)
    here.stillListed(LISTED)
    assert.equal(room.has(ANN), false, 'who leaves politely does not flicker back in')
    await clock.pass(1_000, 1_000)
    done = []
    here.stillListed(LISTED)
    assert.equal(room.has(ANN), true)
    assert.deepEqual(done.splice(0), ['admit vvv', 'reach vvv after 2000'])
    here.stillListed(LISTED)
    assert.deepEqual(done, [], 'nothing is begun anew with who is there')
  })

  it('learns again at which relay a member is that came back by itself', () => {
    const here = presence()
    here.listed({ ...LISTED, newcomer: false })
    here.left(ANN)
    here.introduced(ANN, 'ann')
    assert.deepEqual(room.addresses(ANN), [])
    here.stillListed(LISTED)
    assert.deepEqual(room.addresses(ANN), LISTED.addresses)
  })

  it('tells of who comes and goes in turns once in some seconds', async (t) => {
    const clock = fakeClock(t)
    const here = presence()
    here.introduced(ANN, 'ann')
    here.left(ANN)
    here.introduced(ANN, 'ann')
    assert.equal(toldOf(), 'discovered left discovered', 'the first return at once')
    for (let turn = 0; turn < 30; turn++) {
      here.left(ANN)
      here.introduced(ANN, 'ann')
      await clock.pass(100, 100)
    }
    assert.equal(toldOf(), 'left')
    await clock.pass(QUIET_MS, 100)
    assert.equal(toldOf(), 'discovered')
  })

  it('hurries to everybody when a relay has a place for us again', () => {
    const here = presence()
    here.listed({ ...LISTED, newcomer: true })
    done = []
    here.relayed()
    assert.deepEqual(done, ['reach vvv after 0'])
  })

  it('notices who has silently gone', async (t) => {
    const clock = fakeClock(t)
    const here = presence()
    carrier = DIRECT
    here.introduced(ANN, 'ann')
    room.moved(ANN, { path: 'none' }, clock.nowMs)
    await clock.pass(ABSENCE_MS - 1_000, 1_000)
    assert.equal(room.has(ANN), true)
    await clock.pass(6_000, 1_000)
    assert.equal(room.has(ANN), false)
    assert.ok(done.includes('dismiss vvv: it has left the room'))
  })

  it('takes nobody for gone while no relay of ours stands, nor for a while after', async (t) => {
    const clock = fakeClock(t)
    hasRelay = false
    presence().introduced(ANN, 'ann')
    await clock.pass(3 * ABSENCE_MS, 1_000)
    assert.equal(room.has(ANN), true)
    hasRelay = true
    await clock.pass(ABSENCE_MS - 5_000, 1_000)
    assert.equal(room.has(ANN), true, 'the relay is back, and members are on their way to it')
    await clock.pass(10_000, 1_000)
    assert.equal(room.has(ANN), false)
  })
})
