// Two relay programs and one Redis: peers that have one relay each, and not the same one, meet in a room.
import assert from 'node:assert/strict'
import { createSecretKey } from 'node:crypto'
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import { NO_REDIS, RedisServer } from '../support/redis-server.ts'
import { freePort, portOf } from '../support/relay-at.ts'
import { guest, type Guest } from '../support/room-scene.ts'
import { sharingRelay } from '../support/shared-rooms.ts'

/** The port of a forward to that one which lets in one connection only. */
async function wayForOne(test: TestContext, port: number): Promise<number> {
  const ends: Socket[] = []
  const server = createServer((one) => {
    server.close()
    const other = connect(port, '127.0.0.1')
    for (const end of [one, other]) end.on('error', () => undefined)
    ends.push(one, other)
    one.pipe(other).pipe(one)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  test.after(() => {
    server.close()
    for (const end of ends) end.destroy()
  })
  return portOf(server)
}

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

  it('are found by the address that their relay announces, when the one they know leads nowhere else', async (t) => {
    const redis = await RedisServer.start(t)
    const port = await freePort()
    const announced = `/dns4/localhost/tcp/${port}`
    const north = await sharingRelay(t, redis.url, { port, announce: announced })
    const south = await sharingRelay(t, redis.url)
    const id = idOf(north.address)
    assert.equal(north.address, `${announced}/p2p/${id}`)
    const way = `/ip4/127.0.0.1/tcp/${await wayForOne(t, port)}/p2p/${id}`
    await using ann = await guest([way], 'ann', { relayedOnly: true })
    await using ben = await guest([south.address], 'ben', { listen: [] })
    await Promise.all([ann.path('ben', 'relayed'), ben.path('ann', 'relayed')])
    ben.peer.send('I asked for your relay by its name')
    assert.deepEqual(await ann.hears(1), ['ben: I asked for your relay by its name'])
    assert.ok(relaysUsed(ben).every((used) => used.includes(id)))
  })

  it('prove the secret at the relay of the other one too, before they dial through it', async (t) => {
    const redis = await RedisServer.start(t)
    const secret = 'a secret of both relays'
    const env = { PARLEY_SECRET: secret }
    const north = await sharingRelay(t, redis.url, { env })
    const south = await sharingRelay(t, redis.url, { env })
    const secrets = [createSecretKey(Buffer.from(secret))]
    await using ann = await guest([north.address], 'ann', { relayedOnly: true, secrets })
    await using ben = await guest([south.address], 'ben', { listen: [], secrets })
    await Promise.all([ann.path('ben', 'relayed'), ben.path('ann', 'relayed')])
    const proven = north.told('access').map(({ peer, action }) => [peer, action])
    assert.deepEqual(proven, [
      [ann.peer.peerId, 'granted'],
      [ben.peer.peerId, 'granted']
    ])
    assert.ok(north.told('circuit').every(({ action }) => action !== 'refused'))
  })

  it('stay together while Redis is away, and newcomers join when it is back', async (t) => {
    const redis = await RedisServer.start(t)
    const north = await sharingRelay(t, redis.url)
    const south = await sharingRelay(t, redis.url)
    await using ann = await guest([north.address], 'ann')
    await using ben = await guest([south.address], 'ben')
    await Promise.all([ann.path('ben', 'direct'), ben.path('ann', 'direct')])
    await redis.kill()
    for (const relay of [north, south]) await relay.tells('rooms', { action: 'unavailable' })
    await using cyd = await guest([south.address], 'cyd')
    ann.peer.send('still there?')
    await ben.hears(1)
    await redis.start()
    for (const relay of [north, south]) await relay.tells('rooms', { action: 'available' })
    await Promise.all([cyd.knows('ann'), cyd.knows('ben'), ann.knows('cyd'), ben.knows('cyd')])
    assert.deepEqual([...ann.of('left'), ...ben.of('left')], [])
    for (const relay of [north, south]) assert.equal(relay.told('rooms').length, 2, 'said once')
  })

  it('find each other again when the relay between them was killed and comes back', async (t) => {
    const redis = await RedisServer.start(t)
    const north = await sharingRelay(t, redis.url)
    const south = await sharingRelay(t, redis.url)
    await using ann = await guest([north.address], 'ann', { relayedOnly: true })
    await using ben = await guest([south.address], 'ben', { listen: [] })
    await Promise.all([ann.path('ben', 'relayed'), ben.path('ann', 'relayed')])
    north.program.child.kill('SIGKILL')
    await Promise.all([ann.path('ben', 'none'), ben.path('ann', 'none')])
    ben.peer.send('waiting for your relay')
    await north.restart()
    assert.deepEqual(await ann.hears(1), ['ben: waiting for your relay'])
    assert.deepEqual(ben.of('left'), [])
  })

  it('are in the room no longer once they and their relay have died', async (t) => {
    const redis = await RedisServer.start(t)
    const north = await sharingRelay(t, redis.url)
    const south = await sharingRelay(t, redis.url)
    const ann = await guest([north.address], 'ann', { relayedOnly: true })
    await using ben = await guest([south.address], 'ben', { listen: [] })
    await ben.path('ann', 'relayed')
    north.program.child.kill('SIGKILL')
    await ann.peer[Symbol.asyncDispose]()
    const listed = async (): Promise<unknown> => redis.command('KEYS', `*${ann.peer.peerId}*`)
    const late = AbortSignal.timeout(30_000)
    for (let keys = await listed(); String(keys) !== ''; keys = await listed()) {
      assert.ok(!late.aborted, `still there: ${String(keys)}`)
      await new Promise((resolve) => setTimeout(resolve, 250))
    }
  })
})
