// Who is registered where, until when, and what is new: a registry without a network or a clock.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { DEFAULT_LIMITS } from '../../../../relay/limits.ts'
import type { RegistrySettings } from '../../../../relay/rendezvous/limits.ts'
import { Registry } from '../../../../relay/rendezvous/registry.ts'
import type { RecordForm } from '../../../../shared/signed-record.ts'
import { STATUS } from '../../../../shared/wire/rendezvous.ts'

const HOUR_MS = 3_600_000

/** A registry whose records are the names of their peers, and the moves of the tests in few words. */
function scene(settings: Partial<RegistrySettings> = {}) {
  const registry = new Registry(7, settings)
  let sequence = 0
  const register = (
    peer: string,
    room = 'kitchen',
    options: {
      ttlSeconds?: number
      nowMs?: number
      form?: RecordForm
      sequence?: number
      text?: string
      host?: string
    } = {}
  ) => {
    const { host = peer } = options
    const { ttlSeconds, nowMs = 0, form = 'standard', text = peer } = options
    const record = { form, sequence: options.sequence ?? ++sequence, bytes: Buffer.from(text) }
    return registry.register({ peer, room, host, record, ttlSeconds }, nowMs)
  }
  const discover = (
    options: {
      room?: string
      cookie?: Uint8Array
      limit?: number
      nowMs?: number
      peer?: string
    } = {}
  ) => {
    const { room = 'kitchen', cookie, limit, nowMs = 0, peer = 'stranger' } = options
    const found = registry.discover({ peer, room, cookie, limit }, nowMs)
    if (found.status !== STATUS.ok) return { status: found.status, names: [], cookie: undefined }
    const names = found.registrations.map((each) => Buffer.from(each.record).toString())
    return { status: found.status, names, cookie: found.cookie, all: found.registrations }
  }
  return { registry, register, discover }
}

describe('registering', () => {
  it('makes a peer known in its room and in no other', () => {
    const { register, discover } = scene()
    assert.deepEqual(register('ada'), { status: STATUS.ok, ttlSeconds: 7200, added: true })
    assert.deepEqual(discover().names, ['ada'])
    assert.deepEqual(discover({ room: 'garden' }).names, [])
  })

  it('again replaces what was there, and says that nobody was added', () => {
    const { registry, register, discover } = scene()
    register('ada', 'kitchen', { text: 'ada at home' })
    const again = register('ada', 'kitchen', { text: 'ada at work' })
    assert.deepEqual(again, { status: STATUS.ok, ttlSeconds: 7200, added: false })
    assert.deepEqual(discover().names, ['ada at work'])
    assert.equal(registry.size, 1)
  })

  it('takes TTLs from 2 h to 72 h and gives what is left of them', () => {
    const { register, discover } = scene()
    assert.equal(register('ada', 'kitchen', { ttlSeconds: 7199 }).status, STATUS.invalidTtl)
    assert.equal(register('ada', 'kitchen', { ttlSeconds: 0 }).status, STATUS.invalidTtl)
    assert.equal(register('ada', 'kitchen', { ttlSeconds: 259_201 }).status, STATUS.invalidTtl)
    assert.equal(register('ada', 'kitchen', { ttlSeconds: 7200 }).status, STATUS.ok)
    assert.equal(register('bob', 'kitchen', { ttlSeconds: 259_200 }).status, STATUS.ok)
    const left = discover({ nowMs: HOUR_MS }).all?.map((each) => each.ttlSeconds)
    assert.deepEqual(left, [3600, 255_600])
  })

  it('needs a namespace of 1 to 255 bytes', () => {
    const { register } = scene()
    assert.equal(register('ada', '').status, STATUS.invalidNamespace)
    assert.equal(register('ada', 'é'.repeat(128)).status, STATUS.invalidNamespace)
    assert.equal(register('ada', 'x'.repeat(255)).status, STATUS.ok)
  })

  it('stops at the caps of a peer, a room and the server, and goes on renewing', () => {
    const { register } = scene({
      limits: {
        ...DEFAULT_LIMITS,
        'registrations-per-peer': 2,
        'registrations-per-room': 3,
        registrations: 4
      }
    })
    register('ada', 'a')
    register('ada', 'b')
    assert.equal(register('ada', 'c').status, STATUS.notAuthorized)
    register('bob', 'a')
    register('cyd', 'a')
    assert.equal(register('dan', 'a').status, STATUS.unavailable)
    assert.equal(register('dan', 'b').status, STATUS.unavailable)
    assert.equal(register('ada', 'a').status, STATUS.ok)
  })

  it('is undone by unregistering, once', () => {
    const { registry, register, discover } = scene()
    register('ada')
    assert.equal(registry.unregister('ada', 'kitchen'), true)
    assert.equal(registry.unregister('ada', 'kitchen'), false)
    assert.deepEqual(discover().names, [])
    assert.equal(registry.size, 0)
  })
})

describe('discovering', () => {
  it('with a cookie gives only what is new or changed since', () => {
    const { register, discover } = scene()
    register('ada')
    register('bob')
    const first = discover()
    assert.deepEqual(first.names, ['ada', 'bob'])
    assert.deepEqual(discover({ cookie: first.cookie! }).names, [])
    register('cyd')
    register('ada', 'kitchen', { text: 'ada moved' })
    const second = discover({ cookie: first.cookie! })
    assert.deepEqual(second.names, ['cyd', 'ada moved'])
    assert.deepEqual(discover({ cookie: second.cookie! }).names, [])
    assert.deepEqual(discover({ cookie: first.cookie! }).names, ['cyd', 'ada moved'])
  })

  it('gives a cookie for an empty room that finds whoever comes next', () => {
    const { register, discover } = scene()
    register('ada', 'garden')
    const { cookie } = discover()
    register('bob')
    assert.deepEqual(discover({ cookie: cookie! }).names, ['bob'])
  })

  it('pages through a room by limit and cookie', () => {
    const { register, discover } = scene()
    for (const peer of ['ada', 'bob', 'cyd']) register(peer)
    const one = discover({ limit: 2 })
    assert.deepEqual(one.names, ['ada', 'bob'])
    const two = discover({ limit: 2, cookie: one.cookie! })
    assert.deepEqual(two.names, ['cyd'])
    assert.deepEqual(discover({ limit: 2, cookie: two.cookie! }).names, [])
  })

  it('keeps its replies under their caps, and pages on from there', () => {
    const { register, discover } = scene({ maxReplyBytes: 300, maxPerReply: 3 })
    for (let i = 0; i < 10; i++)
      register(`peer${i}`, 'r', { text: `${i}`.repeat(i === 9 ? 500 : 60) })
    const sizes: number[] = []
    let cookie: Uint8Array | undefined
    for (;;) {
      const page = discover({ room: 'r', ...(cookie && { cookie }) })
      if (page.names.length === 0) break
      sizes.push(page.names.length)
      cookie = page.cookie
    }
    assert.deepEqual(sizes, [3, 3, 3, 1])
  })

  it('ends a reply early where the next record would make it too long', () => {
    const { register, discover } = scene({ maxReplyBytes: 300 })
    for (const peer of ['ada', 'bob', 'cyd']) register(peer, 'r', { text: peer.repeat(40) })
    assert.equal(discover({ room: 'r' }).names.length, 2)
  })

  it('takes no limit and a limit of 0 for the most it gives', () => {
    const { register, discover } = scene()
    register('ada')
    assert.deepEqual(discover({ limit: 0 }).names, ['ada'])
    assert.deepEqual(discover({ limit: Number.MAX_SAFE_INTEGER }).names, ['ada'])
  })

  it('refuses cookies of other rooms, of other servers, of the future, and noise', () => {
    const { register, discover } = scene()
    register('ada')
    const { cookie } = discover()
    const other = scene().registry
    const theirs = new Registry(8).discover(
      { peer: 'x', room: 'kitchen', cookie: undefined, limit: undefined },
      0
    )
    assert.equal(theirs.status, STATUS.ok)
    assert.equal(discover({ room: 'garden', cookie: cookie! }).status, STATUS.invalidCookie)
    assert.equal(discover({ cookie: theirs.cookie }).status, STATUS.invalidCookie)
    assert.equal(discover({ cookie: Buffer.from('noise') }).status, STATUS.invalidCookie)
    const fresh = other.discover(
      { peer: 'x', room: 'kitchen', cookie: cookie!, limit: undefined },
      0
    )
    assert.equal(fresh.status, STATUS.invalidCookie)
  })

  it('lists no rooms: a DISCOVER without a namespace is not authorized', () => {
    const { registry, discover } = scene()
    const none = { peer: 'x', room: undefined, cookie: undefined, limit: undefined }
    assert.equal(registry.discover(none, 0).status, STATUS.notAuthorized)
    assert.equal(discover({ room: '' }).status, STATUS.notAuthorized)
    assert.equal(discover({ room: 'x'.repeat(256) }).status, STATUS.invalidNamespace)
  })
})

function mixedRoom() {
  const all = scene()
  all.register('ada', 'kitchen', { form: 'standard', sequence: 1, text: 'ada standard' })
  all.register('ada', 'kitchen', { form: 'rust', sequence: 1, text: 'ada rust' })
  all.register('ron', 'kitchen', { form: 'rust', text: 'ron rust' })
  all.register('gil', 'kitchen', { form: 'standard', text: 'gil standard' })
  return all
}

describe('the two forms of a record', () => {
  it('are kept side by side when they are of one record', () => {
    const { registry, discover } = mixedRoom()
    assert.equal(registry.size, 3)
    assert.deepEqual(discover({ peer: 'ada' }).names, ['ada standard', 'ron rust', 'gil standard'])
  })

  it('are given to those who read them: one that cannot be read would cost a whole reply', () => {
    const { discover } = mixedRoom()
    assert.deepEqual(discover({ peer: 'ron' }).names, ['ada rust', 'ron rust'])
    assert.deepEqual(discover({ peer: 'gil' }).names, ['ada standard', 'gil standard'])
  })

  it('come as rust reads them to those who never registered, where there is a choice', () => {
    const { discover } = mixedRoom()
    assert.deepEqual(discover().names, ['ada rust', 'ron rust', 'gil standard'])
  })

  it('do not outlive a newer record', () => {
    const { register, discover } = mixedRoom()
    register('ada', 'kitchen', { form: 'standard', sequence: 2, text: 'ada moved' })
    assert.deepEqual(discover().names, ['ron rust', 'gil standard', 'ada moved'])
  })
})

describe('leaving', () => {
  it('happens when the TTL ends', () => {
    const { registry, register, discover } = scene()
    register('ada')
    register('bob', 'kitchen', { nowMs: 1000 })
    assert.deepEqual(registry.sweep(2 * HOUR_MS - 1), [])
    assert.deepEqual(discover({ nowMs: 2 * HOUR_MS }).names, ['bob'])
    assert.deepEqual(
      registry.sweep(2 * HOUR_MS).map(({ peer, room, action }) => ({ peer, room, action })),
      [{ peer: 'ada', room: 'kitchen', action: 'expired' }]
    )
    assert.equal(registry.size, 1)
  })

  it('happens from every room when a peer has been gone for the grace period', () => {
    const { registry, register } = scene()
    register('ada', 'kitchen')
    register('ada', 'garden')
    register('bob', 'kitchen')
    registry.peerGone('ada', 1000)
    assert.deepEqual(registry.sweep(5999), [])
    assert.deepEqual(registry.sweep(6000), [
      { peer: 'ada', room: 'kitchen', action: 'removed', reason: 'disconnected for 5 s' },
      { peer: 'ada', room: 'garden', action: 'removed', reason: 'disconnected for 5 s' }
    ])
    assert.deepEqual(registry.sweep(60_000), [])
    assert.equal(registry.size, 1)
  })

  it('does not happen to a peer that comes back in time', () => {
    const { registry, register } = scene()
    register('ada')
    registry.peerGone('ada', 1000)
    registry.peerBack('ada')
    assert.deepEqual(registry.sweep(60_000), [])
    registry.peerGone('ada', 61_000)
    registry.peerGone('ada', 65_000)
    assert.equal(registry.sweep(66_000).length, 1, 'the first absence counts')
  })

  it('leaves nothing behind: one who registers anew is as new', () => {
    const { registry, register } = scene()
    registry.peerGone('ada', 0)
    register('ada')
    assert.deepEqual(registry.sweep(60_000), [])
    registry.peerGone('ada', 0)
    registry.unregister('ada', 'kitchen')
    assert.deepEqual(register('ada'), { status: STATUS.ok, ttlSeconds: 7200, added: true })
    assert.deepEqual(registry.sweep(60_000), [])
  })
})
