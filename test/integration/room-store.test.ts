// The contract of both stores of rooms: what is true of the memory of a relay is true of a Redis that relays share.
import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { DEFAULT_LIMITS, type RelayLimits } from '../../relay/limits.ts'
import type { RegistrySettings } from '../../relay/rendezvous/limits.ts'
import { RedisStore } from '../../relay/rendezvous/redis/store.ts'
import { Registry } from '../../relay/rendezvous/registry.ts'
import type { RoomStore } from '../../relay/rendezvous/room-store.ts'
import type { RecordForm } from '../../shared/signed-record.ts'
import { STATUS } from '../../shared/wire/rendezvous.ts'
import { NO_REDIS, RedisServer } from '../support/redis-server.ts'

type Opens = (test: TestContext, settings?: Settings) => Promise<RoomStore>

const STORES: Array<{ name: string; skip: string | false; open: Opens }> = [
  { name: 'memory', skip: false, open: async (_, settings) => new Registry(7, settings) },
  { name: 'redis', skip: NO_REDIS, open: openRedis }
]

type Settings = Partial<RegistrySettings>

const limited = (limits: Partial<RelayLimits>): Settings => ({
  limits: { ...DEFAULT_LIMITS, ...limits }
})

async function openRedis(test: TestContext, settings?: Settings): Promise<RoomStore> {
  const server = await RedisServer.start(test)
  const config = { url: server.url, onAway: () => undefined, onBack: () => undefined }
  const store = new RedisStore(settings === undefined ? config : { ...config, settings }, {
    signal: new AbortController().signal
  })
  test.after(async () => store[Symbol.asyncDispose]())
  await store.tried
  return store
}

/** Records are the names of their peers; the moves of the tests in few words. */
class Moves {
  readonly store: RoomStore
  nowMs = 0
  #sequence = 0

  constructor(store: RoomStore) {
    this.store = store
  }

  async register(
    peer: string,
    room = 'kitchen',
    options: {
      ttlSeconds?: number
      form?: RecordForm
      sequence?: number
      text?: string
      host?: string
    } = {}
  ) {
    const { ttlSeconds, form = 'standard', text = peer, host = 'h' } = options
    const sequence = options.sequence ?? ++this.#sequence
    const record = { form, sequence, bytes: Buffer.from(text) }
    return this.store.register({ peer, room, host, record, ttlSeconds }, this.nowMs)
  }

  async discover(
    options: { room?: string; cookie?: Uint8Array | undefined; limit?: number; peer?: string } = {}
  ) {
    const { room = 'kitchen', cookie, limit, peer = 'stranger' } = options
    const found = await this.store.discover({ peer, room, cookie, limit }, this.nowMs)
    if (found.status !== STATUS.ok)
      return { status: found.status, names: [], cookie: undefined, ttls: [] }
    const names = found.registrations.map((each) => Buffer.from(each.record).toString())
    const ttls = found.registrations.map((each) => each.ttlSeconds)
    return { status: found.status, names, cookie: found.cookie, ttls }
  }
}

for (const { name, skip, open } of STORES) {
  describe(`rooms in ${name}`, { skip }, () => {
    it('make a peer known in its room and in no other', async (t) => {
      const rooms = new Moves(await open(t))
      const granted = { status: STATUS.ok, ttlSeconds: 7200, added: true }
      assert.deepEqual(await rooms.register('ada'), granted)
      assert.deepEqual(await rooms.register('ada'), { ...granted, added: false })
      assert.deepEqual((await rooms.discover()).names, ['ada'])
      assert.deepEqual((await rooms.discover({ room: 'garden' })).names, [])
      assert.equal(rooms.store.size, 1)
    })

    it('take any name for a room that is one', async (t) => {
      const rooms = new Moves(await open(t))
      for (const room of ['two words', ' ', '{a}:*', '\0', 'Küche\n🍳', 'x'.repeat(255)]) {
        assert.equal((await rooms.register('ada', room)).status, STATUS.ok)
        assert.deepEqual((await rooms.discover({ room })).names, ['ada'], JSON.stringify(room))
      }
      for (const room of ['', 'x'.repeat(256)]) {
        assert.equal((await rooms.register('ada', room)).status, STATUS.invalidNamespace)
      }
      assert.equal((await rooms.discover({ room: '' })).status, STATUS.notAuthorized)
    })

    it('take TTLs of 2 to 72 h, and tell what is left of them', async (t) => {
      const rooms = new Moves(await open(t))
      for (const ttlSeconds of [0, 7199, 259_201]) {
        assert.equal((await rooms.register('ada', 'kitchen', { ttlSeconds })).status, 102)
      }
      await rooms.register('ada', 'kitchen', { ttlSeconds: 7200 })
      await rooms.register('bob', 'kitchen', { ttlSeconds: 259_200 })
      assert.deepEqual((await rooms.discover()).ttls, [7200, 259_200])
    })

    it('list by the last change, in pages, and only what is new since a cookie', async (t) => {
      const rooms = new Moves(await open(t))
      for (const peer of ['ada', 'bob', 'cyd']) await rooms.register(peer)
      await rooms.register('ada', 'kitchen', { text: 'ada at work' })
      const first = await rooms.discover({ limit: 2 })
      assert.deepEqual(first.names, ['bob', 'cyd'])
      const second = await rooms.discover({ cookie: first.cookie, limit: 2 })
      assert.deepEqual(second.names, ['ada at work'])
      await rooms.register('dan', 'garden')
      const third = await rooms.discover({ cookie: second.cookie })
      assert.deepEqual(third.names, [])
      await rooms.register('eve')
      assert.deepEqual((await rooms.discover({ cookie: third.cookie })).names, ['eve'])
    })

    it('cut a reply by its bytes, but for its first registration', async (t) => {
      const rooms = new Moves(await open(t, { maxReplyBytes: 300 }))
      for (const peer of ['ada', 'bob']) {
        await rooms.register(peer, 'kitchen', { text: peer.padEnd(400) })
      }
      const first = await rooms.discover()
      assert.deepEqual(first.names, ['ada'.padEnd(400)])
      const second = await rooms.discover({ cookie: first.cookie })
      assert.deepEqual(second.names, ['bob'.padEnd(400)])
    })

    it('refuse cookies of another room, another store, and of nobody', async (t) => {
      const rooms = new Moves(await open(t))
      await rooms.register('ada')
      const { cookie } = await rooms.discover()
      const other = new Moves(await open(t))
      await other.register('ada')
      assert.equal((await rooms.discover({ cookie, room: 'garden' })).status, 103)
      if (name === 'redis') assert.equal((await other.discover({ cookie })).status, 103)
      for (const text of ['', 'x', '12345678kitchen']) {
        assert.equal((await rooms.discover({ cookie: Buffer.from(text) })).status, 103)
      }
      const ahead = Buffer.from(cookie ?? [])
      ahead.writeUIntBE(99, 3, 5)
      assert.equal((await rooms.discover({ cookie: ahead })).status, 103)
    })

    it('forget who unregisters, in that room alone', async (t) => {
      const rooms = new Moves(await open(t))
      for (const room of ['kitchen', 'garden']) await rooms.register('ada', room)
      assert.equal(await rooms.store.unregister('ada', 'kitchen'), true)
      assert.equal(await rooms.store.unregister('ada', 'kitchen'), false)
      assert.deepEqual((await rooms.discover()).names, [])
      assert.deepEqual((await rooms.discover({ room: 'garden' })).names, ['ada'])
    })

    it('forget who has gone, unless it comes back in time', async (t) => {
      const rooms = new Moves(await open(t, { graceMs: 5000 }))
      for (const peer of ['ada', 'bob']) await rooms.register(peer)
      for (const peer of ['ada', 'bob']) rooms.store.peerGone(peer, 0)
      rooms.store.peerBack('bob')
      assert.deepEqual(rooms.store.sweep(4999), [])
      assert.deepEqual(rooms.store.sweep(5000), [
        { peer: 'ada', room: 'kitchen', action: 'removed', reason: 'disconnected for 5 s' }
      ])
      assert.deepEqual((await rooms.discover()).names, ['bob'])
    })

    it('forget who has not renewed', async (t) => {
      const rooms = new Moves(await open(t))
      await rooms.register('ada')
      assert.deepEqual(rooms.store.sweep(7_199_999), [])
      const reason = 'not renewed before its TTL ended'
      assert.deepEqual(rooms.store.sweep(7_200_000), [
        { peer: 'ada', room: 'kitchen', action: 'expired', reason }
      ])
      assert.deepEqual((await rooms.discover()).names, [])
    })

    it('have limits for a peer, for a room, and for all', async (t) => {
      const limits = {
        'registrations-per-peer': 2,
        'registrations-per-room': 3,
        registrations: 5
      }
      const rooms = new Moves(await open(t, limited(limits)))
      for (const room of ['kitchen', 'garden']) await rooms.register('ada', room)
      assert.equal((await rooms.register('ada', 'attic')).status, STATUS.notAuthorized)
      for (const peer of ['bob', 'cyd']) await rooms.register(peer)
      assert.equal((await rooms.register('dan')).status, STATUS.unavailable)
      assert.equal((await rooms.register('bob')).status, STATUS.ok, 'a renewal takes no place')
      await rooms.register('dan', 'garden')
      assert.equal((await rooms.register('eve', 'attic')).status, STATUS.unavailable)
      await rooms.store.unregister('ada', 'garden')
      assert.equal((await rooms.register('eve', 'attic')).status, STATUS.ok)
    })

    it('have a limit for a host, which a renewal at it does not meet', async (t) => {
      const rooms = new Moves(await open(t, limited({ 'registrations-per-host': 2 })))
      for (const peer of ['ada', 'bob']) await rooms.register(peer)
      const refused = await rooms.register('cyd')
      assert.equal(refused.status, STATUS.unavailable)
      assert.equal('limit' in refused && refused.limit, 'registrations-per-host')
      assert.equal((await rooms.register('bob')).status, STATUS.ok)
      assert.equal((await rooms.register('cyd', 'kitchen', { host: 'other' })).status, STATUS.ok)
      assert.equal((await rooms.register('cyd')).status, STATUS.unavailable, 'nor may it move')
      assert.deepEqual((await rooms.discover()).names, ['ada', 'bob', 'cyd'].toSorted())
      const used = rooms.store.usage().find(({ limit }) => limit === 'registrations-per-host')
      assert.deepEqual(used, { limit: 'registrations-per-host', used: 2, max: 2 })
      assert.ok(rooms.store.isRegistered('ada') && !rooms.store.isRegistered('dan'))
    })

    it('give records in the forms that the asker registers with', async (t) => {
      const rooms = new Moves(await open(t))
      await rooms.register('ada', 'kitchen', { form: 'standard', sequence: 5, text: 'ada std' })
      await rooms.register('ada', 'kitchen', { form: 'rust', sequence: 5, text: 'ada rust' })
      await rooms.register('bob', 'kitchen', { form: 'rust', text: 'bob rust' })
      await rooms.register('cyd', 'kitchen', { form: 'standard', text: 'cyd std' })
      const asBob = await rooms.discover({ peer: 'bob' })
      assert.deepEqual(asBob.names, ['ada rust', 'bob rust'])
      const asCyd = await rooms.discover({ peer: 'cyd' })
      assert.deepEqual(asCyd.names, ['ada std', 'cyd std'])
      await rooms.register('ada', 'kitchen', { form: 'standard', sequence: 6, text: 'ada moved' })
      assert.deepEqual((await rooms.discover({ peer: 'bob' })).names, ['bob rust'])
    })

    it('list a thousand of one room, page by page, each once', async (t) => {
      const rooms = new Moves(await open(t))
      const peers = Array.from({ length: 1000 }, (_, i) => `peer-${i}`)
      for (let i = 0; i < 1000; i += 100) {
        await Promise.all(peers.slice(i, i + 100).map(async (peer) => rooms.register(peer)))
      }
      const found: string[] = []
      let cookie: Uint8Array | undefined
      for (let page = 0; page < 20; page++) {
        const next = await rooms.discover({ cookie, limit: 77 })
        found.push(...next.names)
        cookie = next.cookie
        if (next.names.length === 0) break
      }
      assert.deepEqual(found.toSorted(), peers.toSorted())
    })
  })
}
