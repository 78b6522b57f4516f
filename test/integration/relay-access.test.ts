// Who gets into a relay, with real nodes: lists, secrets, rooms, and what each refusal is called.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { enter } from '../../peer/reservations/entry.ts'
import { ACCESS_PROTOCOL } from '../../shared/wire/access.ts'
import { CircuitStatus } from '../../shared/wire/circuit.ts'
import { STATUS } from '../../shared/wire/rendezvous.ts'
import { secretOf, visitor } from '../support/access-visitors.ts'
import { connectRequest, patience } from '../support/raw-circuit.ts'
import { statusOf } from '../support/relay-guests.ts'
import { relayScene, throughRelay } from '../support/relay-scene.ts'
import { eventually } from '../support/eventually.ts'
import { statusScene } from '../support/relay-status.ts'

const { OK, PERMISSION_DENIED } = CircuitStatus
const SECRET = secretOf('correct horse battery')
const OTHER = secretOf('a secret of somebody else')

const someKey = async () => generateKeyPair('Ed25519')
const idOf = (key: Awaited<ReturnType<typeof someKey>>): string =>
  peerIdFromPrivateKey(key).toString()

describe('a relay that is for everybody', { concurrency: 4 }, () => {
  it('asks for no secret, and lets in who has one', async (t) => {
    await using scene = await relayScene()
    const ann = await visitor(t, scene)
    assert.equal(await ann.prove(SECRET), 'unwanted')
    assert.equal(await ann.reserve(), OK)
    assert.equal(await ann.rooms.register('kitchen'), STATUS.ok)
  })
})

describe('a relay with an allow list', { concurrency: 4 }, () => {
  it('gives nothing to others: no reservation, circuit, registration or look into a room', async (t) => {
    const key = await someKey()
    await using scene = await relayScene({}, { access: { allow: [idOf(key)] } })
    const ann = await visitor(t, scene, key)
    const bob = await visitor(t, scene)
    assert.equal(await ann.reserve(), OK)
    assert.equal(await ann.rooms.register('kitchen'), STATUS.ok)
    assert.equal(await bob.reserve(), PERMISSION_DENIED)
    assert.equal(await statusOf(bob, connectRequest(ann.node.peerId)), PERMISSION_DENIED)
    assert.equal(await bob.rooms.register('kitchen'), STATUS.notAuthorized)
    assert.equal(await bob.rooms.discover('kitchen'), STATUS.notAuthorized)
    const reason = 'the peer is not on the allow list'
    const why = { action: 'refused', rule: 'allow', reason } as const
    await scene.event('reservation', { peer: bob.id, ...why })
    assert.deepEqual(scene.relay.snapshot().totals.refused, {
      'reservation/allow': 1,
      'circuit/allow': 1,
      'registration/allow': 2
    })
  })

  it('turns away a stock client with a refusal that it understands', async () => {
    await using scene = await relayScene({}, { access: { allow: [idOf(await someKey())] } })
    await using host = await relayScene()
    const target = await host.peer({ reserve: true })
    const stranger = await scene.peer()
    await assert.rejects(
      stranger.dial(throughRelay(scene, target), { signal: patience() }),
      /PERMISSION_DENIED/
    )
  })

  it('is ready all the same: its own ends get in', async () => {
    await using scene = await relayScene(
      {},
      { access: { allow: [idOf(await someKey())], secrets: [SECRET] } }
    )
    await using status = await statusScene({ everyMs: 50 })
    await status.show(scene.relay)
    await eventually(
      async () => status.get('/readyz'),
      (answer) => answer.status === 200
    )
    assert.deepEqual(scene.relay.snapshot().totals.refused, {})
  })
})

describe('a relay with a deny list', { concurrency: 4 }, () => {
  it('ends the connection of whom it names after the handshake, and no other', async (t) => {
    const key = await someKey()
    await using scene = await relayScene({}, { access: { deny: [idOf(key)], allow: [idOf(key)] } })
    const bob = await scene.plainPeer(key)
    const ended = await bob.dial(scene.address, { signal: patience() }).then(
      async (connection) => connection.status === 'open' && once(connection, 'close'),
      () => true
    )
    assert.ok(ended)
    const why = { peer: idOf(key), action: 'refused', rule: 'deny' } as const
    const { host } = await scene.event('connection', why)
    assert.equal(host, '127.0.0.1')
    assert.equal(scene.relay.snapshot().connections.length, 0)
    await eventually(
      () => scene.relay.usage().find(({ limit }) => limit === 'connections')?.used,
      (used) => used === 0
    )
    await using open = await relayScene({}, { access: { deny: [idOf(key)] } })
    assert.equal(await (await visitor(t, open)).reserve(), OK)
  })
})

describe('a relay with a secret', { concurrency: 4 }, () => {
  it('lets in who proves it, at once', async (t) => {
    await using scene = await relayScene({}, { access: { secrets: [OTHER, SECRET] } })
    const ann = await visitor(t, scene)
    assert.equal(await ann.prove(secretOf('one of another relay'), SECRET), 'proven')
    assert.equal(await ann.reserve(), OK)
    assert.equal(await ann.rooms.register('kitchen'), STATUS.ok)
    assert.equal(await ann.rooms.discover('kitchen'), STATUS.ok)
    await scene.event('access', { peer: ann.id, action: 'granted' })
    const bob = await visitor(t, scene)
    await bob.prove(SECRET)
    assert.notEqual(await statusOf(bob, connectRequest(ann.node.peerId)), PERMISSION_DENIED)
  })

  it('gives nothing to who does not, and says so under two names', async (t) => {
    await using scene = await relayScene({}, { access: { secrets: [SECRET] } })
    const ann = await visitor(t, scene)
    const bob = await visitor(t, scene)
    await ann.prove(SECRET)
    assert.equal(await ann.reserve(), OK)
    assert.equal(await bob.prove(OTHER), 'wrong')
    assert.equal(await bob.reserve(), PERMISSION_DENIED)
    assert.equal(await statusOf(bob, connectRequest(ann.node.peerId)), PERMISSION_DENIED)
    assert.equal(await bob.rooms.register('kitchen'), STATUS.notAuthorized)
    assert.equal(await bob.rooms.discover('kitchen'), STATUS.notAuthorized)
    await scene.event('access', { peer: bob.id, action: 'refused', rule: 'secret-wrong' })
    await scene.event('reservation', { peer: bob.id, action: 'refused', rule: 'secret-missing' })
    assert.deepEqual(scene.relay.snapshot().totals.refused, {
      'access/secret-wrong': 1,
      'reservation/secret-missing': 1,
      'circuit/secret-missing': 1,
      'registration/secret-missing': 2
    })
  })

  it('does not ask it of whom it allows by name, which a foreign client needs', async (t) => {
    const key = await someKey()
    await using scene = await relayScene({}, { access: { secrets: [SECRET], allow: [idOf(key)] } })
    assert.equal(await (await visitor(t, scene, key)).reserve(), OK)
  })

  it('tells by its protocols that it wants one', async (t) => {
    await using scene = await relayScene({}, { access: { secrets: [SECRET] } })
    const ann = await visitor(t, scene)
    const { protocols } = await eventually(
      async () => ann.node.peerStore.get(ann.toRelay.remotePeer),
      (relay) => relay.protocols.length > 0
    )
    assert.ok(protocols.includes(ACCESS_PROTOCOL))
  })

  it('has looked at the proof when it comes to the reservation behind it', async (t) => {
    await using scene = await relayScene({}, { access: { secrets: [SECRET] } })
    for (let times = 0; times < 20; times++) {
      const { node, toRelay } = await visitor(t, scene)
      const options = { self: node.peerId, secrets: [SECRET], signal: patience() }
      assert.ok((await enter(toRelay, options)).granted)
    }
    assert.deepEqual(scene.relay.snapshot().totals.refused, {})
  })
})

describe('a relay with a list of rooms', { concurrency: 4 }, () => {
  it('has these and no others, and says so', async (t) => {
    await using scene = await relayScene({}, { access: { rooms: ['kitchen', 'hall'] } })
    const ann = await visitor(t, scene)
    assert.equal(await ann.rooms.register('kitchen'), STATUS.ok)
    assert.equal(await ann.rooms.discover('hall'), STATUS.ok)
    assert.equal(await ann.rooms.register('cellar'), STATUS.notAuthorized)
    assert.equal(await ann.rooms.discover('cellar'), STATUS.notAuthorized)
    const about = { peer: ann.id, room: 'cellar', action: 'refused', rule: 'room' } as const
    const { reason } = await scene.event('registration', about)
    assert.equal(reason, 'this relay does not have that room')
    assert.equal(await ann.reserve(), OK)
  })
})
