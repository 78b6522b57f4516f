// Rooms in a Redis that dies, freezes, loses its data or holds garbage, and relays that share it and die.
import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { DEFAULT_LIMITS } from '../../relay/limits.ts'
import { RedisStore, type RedisStoreConfig } from '../../relay/rendezvous/redis/store.ts'
import { STATUS } from '../../shared/wire/rendezvous.ts'
import { EventLog } from '../support/event-log.ts'
import { eventually } from '../support/eventually.ts'
import { NO_REDIS, RedisServer } from '../support/redis-server.ts'

/** As the relay has them, in less time. */
const TIMES = { beatMs: 50, leaseMs: 400, firstRetryMs: 20, longestRetryMs: 50, settleMs: 150 }

/** A relay's store, and what its operator is told. */
class Relay {
  readonly store: RedisStore
  readonly log = new EventLog<string>()

  constructor(test: TestContext, url: string, config: Partial<RedisStoreConfig> = {}) {
    this.store = new RedisStore(
      {
        url,
        onAway: (reason) => this.log.note(`away: ${reason}`),
        onBack: () => this.log.note('back'),
        times: TIMES,
        ...config
      },
      { signal: new AbortController().signal }
    )
    test.after(async () => this.store[Symbol.asyncDispose]())
  }

  async register(peer: string, { sequence = 1, room = 'kitchen' } = {}): Promise<number> {
    const record = { form: 'standard', sequence, bytes: Buffer.from(peer) } as const
    const request = { peer, room, host: '10.0.0.1', record, ttlSeconds: undefined }
    const { status } = await this.store.register(request, performance.now())
    return status
  }

  async discover(cookie?: Uint8Array) {
    const request = { peer: 'stranger', room: 'kitchen', cookie, limit: undefined }
    const found = await this.store.discover(request)
    const list = found.status === STATUS.ok ? found.registrations : []
    return {
      status: found.status,
      names: list.map(({ record }) => Buffer.from(record).toString()),
      cookie: found.status === STATUS.ok ? found.cookie : undefined
    }
  }

  /** Resolves when the room is like that. */
  async sees(...names: string[]): Promise<void> {
    const late = AbortSignal.timeout(10_000)
    for (;;) {
      const found = await this.discover()
      if (found.status === STATUS.ok && found.names.toSorted().join() === names.join()) return
      if (late.aborted) assert.deepEqual(found.names, names)
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
}

async function relays(
  test: TestContext
): Promise<{ redis: RedisServer; north: Relay; south: Relay }> {
  const redis = await RedisServer.start(test)
  const [north, south] = [new Relay(test, redis.url), new Relay(test, redis.url)]
  await Promise.all([north.store.tried, south.store.tried])
  return { redis, north, south }
}

describe('relays that share their rooms in Redis', { skip: NO_REDIS }, () => {
  it('list what was registered at the other one, and take its cookies', async (t) => {
    const { north, south } = await relays(t)
    await north.register('ann')
    await south.register('ben')
    const first = await north.discover()
    assert.deepEqual(first.names, ['ann', 'ben'])
    await south.register('cyd')
    assert.deepEqual((await south.discover(first.cookie)).names, ['cyd'])
  })

  it('keep a peer that is at both until it has left both', async (t) => {
    const { north, south } = await relays(t)
    for (const relay of [north, south]) await relay.register('ann')
    await north.store.unregister('ann', 'kitchen')
    assert.deepEqual((await north.discover()).names, ['ann'])
    await south.store.unregister('ann', 'kitchen')
    assert.deepEqual((await north.discover()).names, [])
  })

  it('have their limits together', async (t) => {
    const redis = await RedisServer.start(t)
    const settings = { limits: { ...DEFAULT_LIMITS, 'registrations-per-room': 2 } }
    const north = new Relay(t, redis.url, { settings })
    const south = new Relay(t, redis.url, { settings })
    await Promise.all([north.store.tried, south.store.tried])
    await north.register('ann')
    await south.register('ben')
    assert.equal(await north.register('cyd'), STATUS.unavailable)
    assert.equal(north.store.size, 1)
  })

  it('tell how many registrations there are at all of them, as that is what is limited', async (t) => {
    const { redis, north, south } = await relays(t)
    const used = (): number | undefined =>
      north.store.usage().find(({ limit }) => limit === 'registrations')?.used
    await north.register('ann')
    assert.equal(used(), 1)
    for (const peer of ['ann', 'ben', 'cyd']) await south.register(peer)
    await eventually(used, (count) => count === 3)
    assert.equal(north.store.size, 1)
    await redis.kill()
    await eventually(used, (count) => count === 1)
  })

  it('forget the peers of a relay that has died, and no others', async (t) => {
    const { redis, north, south } = await relays(t)
    for (const peer of ['ann', 'ben']) await north.register(peer)
    for (const peer of ['ben', 'cyd']) await south.register(peer)
    await north.store[Symbol.asyncDispose]()
    await south.sees('ben', 'cyd')
    const keys = await redis.command('KEYS', '*ann*')
    assert.deepEqual(keys, [], 'nothing is left of it')
  })

  it('refuse while Redis is away, say so once, and have all peers again when it is back empty', async (t) => {
    const { redis, north, south } = await relays(t)
    await north.register('ann')
    await south.register('ben')
    const { cookie } = await north.discover()
    await redis.kill()
    await north.log.until(() => north.log.events.length > 0)
    assert.equal(await north.register('cyd'), STATUS.unavailable)
    assert.equal((await north.discover()).status, STATUS.unavailable)
    await redis.start()
    const listings: string[] = []
    for (const relay of [north, south]) {
      await relay.log.until(() => relay.log.events.includes('back'))
      listings.push((await relay.discover()).names.toSorted().join())
    }
    assert.deepEqual(listings, ['ann,ben', 'ann,ben'], 'nobody seems to have left')
    assert.equal((await north.discover(cookie)).status, STATUS.invalidCookie)
    assert.equal(north.log.events.length, 2)
    assert.match(north.log.events.join(), /^away: .+,back$/)
  })

  it('answer after such a loss only when the others have had the time to come back', async (t) => {
    const redis = await RedisServer.start(t)
    const slow = { ...TIMES, firstRetryMs: 800, longestRetryMs: 800 }
    const north = new Relay(t, redis.url, { times: { ...TIMES, settleMs: 1_500, leaseMs: 5_000 } })
    const south = new Relay(t, redis.url, { times: slow })
    await Promise.all([north.store.tried, south.store.tried])
    await north.register('ann')
    await south.register('ben')
    await redis.kill()
    await redis.start()
    await north.log.until(() => north.log.events.includes('back'))
    assert.deepEqual((await north.discover()).names.toSorted(), ['ann', 'ben'])
  })

  it('let go of who left while Redis was away', async (t) => {
    const { redis, north, south } = await relays(t)
    for (const peer of ['ann', 'ben']) await north.register(peer)
    redis.freeze()
    const left = north.store.unregister('ann', 'kitchen')
    await north.log.until(() => north.log.events.length > 0)
    assert.equal(await left, true)
    redis.thaw()
    await north.log.until(() => north.log.events.includes('back'))
    await south.sees('ben')
  })

  it('end by the clock of Redis, whatever the time is at the relays', async (t) => {
    const { redis, north, south } = await relays(t)
    for (const peer of ['ann', 'ben']) await north.register(peer)
    const left = Number(await redis.command('PTTL', '{parley}:entry:ann kitchen'))
    assert.ok(left > 7_190_000 && left <= 7_200_000, `${left} ms are left`)
    const past = String(Date.now() - 1)
    await redis.command('HSET', '{parley}:entry:ann kitchen', 'expires', past)
    assert.deepEqual((await south.discover()).names, ['ben'])
    await redis.command('ZADD', '{parley}:all', past, 'ann kitchen')
    const late = AbortSignal.timeout(5_000)
    while (String(await redis.command('KEYS', '*entry:ann*')) !== '') {
      assert.ok(!late.aborted, 'never cleared up')
    }
    assert.equal(await redis.command('ZCARD', '{parley}:all'), 1)
    assert.equal(await redis.command('ZCARD', '{parley}:room:kitchen'), 1)
  })

  it('notice that somebody has emptied it', async (t) => {
    const { redis, north, south } = await relays(t)
    await north.register('ann')
    await south.register('ben')
    await redis.command('FLUSHALL')
    await north.sees('ann', 'ben')
  })

  it('start without it, and use it when it comes', async (t) => {
    const redis = await RedisServer.start(t)
    await redis.kill()
    const north = new Relay(t, redis.url)
    await north.store.tried
    assert.match(north.log.events.join(), /^away: .*ECONNREFUSED/)
    assert.equal(await north.register('ann'), STATUS.unavailable)
    await redis.start()
    await north.log.until(() => north.log.events.includes('back'))
    assert.equal(await north.register('ann'), STATUS.ok)
  })

  it('say that a password is wrong, and do not say which', async (t) => {
    const redis = await RedisServer.start(t)
    await redis.command('CONFIG', 'SET', 'requirepass', 'right')
    const north = new Relay(t, redis.url.replace('//', '//:wrong@'))
    await north.store.tried
    assert.match(north.log.events.join(), /^away: .*(WRONGPASS|invalid)/)
    assert.doesNotMatch(north.log.events.join(), /:wrong@/)
    const south = new Relay(t, redis.url.replace('//', '//:right@'))
    await south.store.tried
    assert.equal(await south.register('ann'), STATUS.ok)
  })

  it('pass over garbage, and go on', async (t) => {
    const { redis, north } = await relays(t)
    await north.register('ann')
    const P = '{parley}:'
    await redis.command('ZADD', `${P}room:kitchen`, '1e300', 'nobody')
    await redis.command('ZADD', `${P}room:kitchen`, '-5', 'bad entry')
    await redis.command('SET', `${P}entry:bad entry kitchen`, 'text')
    await redis.command('ZADD', `${P}room:kitchen`, '0.5', 'huge')
    const huge = 'x'.repeat(1_000_000)
    const expires = String(Date.now() + 60_000)
    await redis.command('HSET', `${P}entry:huge kitchen`, 'standard', huge, 'expires', expires)
    await redis.command('ZADD', `${P}room:kitchen`, '0.7', 'odd')
    await redis.command('HSET', `${P}entry:odd kitchen`, 'standard', 'odd', 'expires', 'soon')
    assert.deepEqual((await north.discover()).names, ['ann'])
    assert.equal(await north.register('ben'), STATUS.ok)
    assert.deepEqual((await north.discover()).names, ['ann', 'ben'])
  })

  for (const key of ['room:kitchen', 'entry:ann kitchen', 'peer:ann', 'state', 'holders', 'all']) {
    for (const garbage of [
      ['SET', 'text'],
      ['RPUSH', 'a list'],
      ['HSET', 'epoch', '-1', 'seq', 'many', 'expires', 'never']
    ]) {
      it(`replace ${key} where somebody has written with ${garbage[0]}`, async (t) => {
        const { redis, north } = await relays(t)
        await north.register('ann')
        // In one step: a beat between two would write there as well.
        const script = `redis.call('DEL', KEYS[1]) redis.call(ARGV[1], KEYS[1], unpack(ARGV, 2))`
        await redis.command('EVAL', script, '1', `{parley}:${key}`, ...garbage)
        const late = AbortSignal.timeout(5_000)
        for (
          let sequence = 2;
          (await north.register('ann', { sequence })) !== STATUS.ok;
          sequence++
        ) {
          assert.ok(!late.aborted, 'never taken again')
          await new Promise((resolve) => setImmediate(resolve))
        }
        await north.sees('ann')
      })
    }
  }
})
