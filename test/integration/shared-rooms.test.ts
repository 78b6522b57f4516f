// Two relay programs and one Redis: peers that have one relay each, and not the same one, meet in a room.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { NO_REDIS, RedisServer } from '../support/redis-server.ts'
import { guest, type Guest } from '../support/room-scene.ts'
import { sharingRelay } from '../support/shared-rooms.ts'

const idOf = (address: string): string => address.split('/').at(-1) ?? ''

/** The relays that a guest's paths to others went through, in the order of their use. */
const relaysUsed = (one: Guest): string[] =>
  one.of('path').flatMap(({ address, path }) => (path === 'relayed' ? [address ?? ''] : []))

describe('peers of different relays that share their rooms', { skip: NO_REDIS }, () => {
  it('find each other, talk, and become direct', async (t) => {
    const redis = await RedisServer.start(t)
    const north = await sharingRelay(t, redis.url)
    const south = await sharingRelay(t, redis.url)
    await using ann = await guest([north.address], 'ann')
    await using ben = await guest([south.address], 'ben')
    await Promise.all([ann.knows('ben'), ben.knows('ann')])
    ann.peer.send('hello from the north')
    ben.peer.send('hello from the south')
    await Promise.all([ann.hears(1), ben.hears(1)])
    await Promise.all([ann.path('ben', 'direct'), ben.path('ann', 'direct')])
    assert.deepEqual([...north.told('rooms'), ...south.told('rooms')], [])
  })

  it('talk through the relay at which the other one is, when nothing else leads there', async (t) => {
    const redis = await RedisServer.start(t)
    const north = await sharingRelay(t, redis.url)
    const south = await sharingRelay(t, redis.url)
    await using ann = await guest([north.address], 'ann', { relayedOnly: true })
    await using ben = await guest([south.address], 'ben', { listen: [] })
    await Promise.all([ann.path('ben', 'relayed'), ben.path('ann', 'relayed')])
    for (const guests of [ann, ben]) {
      assert.ok(relaysUsed(guests).every((used) => used.includes(idOf(north.address))))
    }
    ben.peer.send('I came to your relay')
    assert.deepEqual(await ann.hears(1), ['ben: I came to your relay'])
    assert.deepEqual(south.told('circuit'), [])
    const at = north.told('reservation').map(({ peer }) => peer)
    assert.deepEqual(at, [ann.peer.peerId], 'nobody reserves at a relay that is not its own')
  })
})
