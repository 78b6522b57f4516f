// Peers at relays that are not for everybody: let in with their secret, told what to do without, and in no hurry then.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { secretOf } from '../support/access-visitors.ts'
import { relayScene } from '../support/relay-scene.ts'
import { guest, type Guest } from '../support/room-scene.ts'

const SECRET = secretOf('correct horse battery')
const OTHER = secretOf('a secret of somebody else')
const SOMEBODY = '12D3KooWEHUQf4tPKh6TeSX5WdAhMP5xmtLXQDAeWrfUW8TLKvvv'

const refusedBecause = ({ of }: Guest): string | undefined =>
  of('relay').find(({ state }) => state === 'refused')?.reason

describe('peers at a relay with a secret', { concurrency: 4 }, () => {
  it('meet and talk when they have it', async () => {
    await using scene = await relayScene({}, { access: { secrets: [SECRET] } })
    const relayed = { secrets: [SECRET], relayedOnly: true }
    await using ann = await guest([scene.address], 'ann', relayed)
    await using bob = await guest([scene.address], 'bob', relayed)
    await Promise.all([ann.path('bob', 'relayed'), bob.path('ann', 'relayed')])
    ann.peer.send('behind closed doors')
    assert.deepEqual(await bob.hears(1), ['ann: behind closed doors'])
    assert.deepEqual(scene.relay.snapshot().totals.refused, {})
  })

  it('are told to give one when they have none, and try again at leisure', async () => {
    await using scene = await relayScene({}, { access: { secrets: [SECRET] } })
    await using ann = await guest([scene.address], 'ann')
    const address = scene.address.toString()
    const words = `the relay at ${address} wants a secret: give it with PARLEY_SECRET or --secret-file`
    assert.equal(refusedBecause(ann), words)
    const [status] = ann.peer.relays
    const pauseMs = (status?.retryAtMs ?? 0) - (status?.sinceMs ?? 0)
    assert.ok(pauseMs >= 2000, `again in ${pauseMs} ms`)
    assert.deepEqual(ann.of('error'), [])
  })

  it('are told when theirs is wrong', async () => {
    await using scene = await relayScene({}, { access: { secrets: [SECRET] } })
    await using ann = await guest([scene.address], 'ann', { secrets: [OTHER] })
    const words = `the relay at ${scene.address.toString()} does not take the secret that it was given: ask who runs it for the one in force`
    assert.equal(refusedBecause(ann), words)
  })

  it('have secrets of several relays, each of which finds its own', async () => {
    await using north = await relayScene({}, { access: { secrets: [SECRET] } })
    await using south = await relayScene({}, { access: { secrets: [OTHER] } })
    await using open = await relayScene()
    const relays = [north.address, south.address, open.address]
    await using ann = await guest(relays, 'ann', { secrets: [OTHER, SECRET] })
    const stand = (): boolean => ann.peer.relays.every(({ state }) => state === 'reserved')
    await ann.log.until(stand)
    for (const { relay } of [north, south, open]) {
      assert.deepEqual(relay.snapshot().totals.refused, {})
    }
  })

  it('that wants it while they are there have it at the next renewal', async () => {
    await using scene = await relayScene({ 'reservation-seconds': 4 })
    await using ann = await guest([scene.address], 'ann', { secrets: [SECRET] })
    scene.relay.reload({
      limits: { 'reservation-seconds': 4 },
      access: { secrets: [SECRET] }
    })
    await scene.event('access', { peer: ann.peer.peerId, action: 'granted' })
    await scene.event('reservation', {
      peer: ann.peer.peerId,
      action: 'granted',
      reason: 'renewed'
    })
    assert.ok(ann.of('relay').every(({ state }) => state !== 'lost'))
  })
})

describe('peers at a relay with lists', { concurrency: 4 }, () => {
  it('are told whom to ask, and for whom, when they are not on the one', async () => {
    const key = await generateKeyPair('Ed25519')
    const self = peerIdFromPrivateKey(key).toString()
    await using scene = await relayScene({}, { access: { allow: [SOMEBODY] } })
    await using ann = await guest([scene.address], 'ann', { privateKey: key, secrets: [SECRET] })
    const words = `the relay at ${scene.address.toString()} is closed to this peer: ask who runs it to let ${self} in`
    assert.equal(refusedBecause(ann), words)
  })

  it('are turned away, and told so, when they are on the other', async () => {
    const key = await generateKeyPair('Ed25519')
    const self = peerIdFromPrivateKey(key).toString()
    await using scene = await relayScene({}, { access: { deny: [self] } })
    await using ann = await guest([scene.address], 'ann', { privateKey: key })
    const failed = ann.of('relay').find(({ reason }) => reason !== undefined)
    assert.match(failed?.reason ?? '', /it may be stopping or closed to you/)
  })

  it('are told that it does not have their room, and have their place all the same', async () => {
    await using scene = await relayScene({}, { access: { rooms: ['hall'] } })
    await using ann = await guest([scene.address], 'ann')
    const [told] = ann.of('error')
    assert.equal(told?.code, 'rendezvous')
    assert.match(told.message, /not authorized \(this relay does not have that room\)$/i)
    assert.equal(ann.peer.relays[0]?.state, 'reserved')
  })
})
