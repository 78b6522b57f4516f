// The limits of rendezvous, run into by real nodes: the status that the peer gets, and the name that the operator gets.
import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { STATUS } from '../../shared/wire/rendezvous.ts'
import { patience } from '../support/raw-circuit.ts'
import { rendezvousGuest, type RendezvousGuest } from '../support/rendezvous-guest.ts'
import { relayScene, type RelayScene } from '../support/relay-scene.ts'

async function member(
  t: TestContext,
  scene: RelayScene
): Promise<RendezvousGuest & { id: string }> {
  const key = await generateKeyPair('Ed25519')
  const node = await scene.plainPeer(key)
  const connection = await node.dial(scene.address, { signal: patience() })
  const id = node.peerId.toString()
  return { ...(await rendezvousGuest(t, connection, key)), id }
}

describe('registrations', () => {
  for (const [name, status] of Object.entries({
    registrations: STATUS.unavailable,
    'registrations-per-host': STATUS.unavailable,
    'registrations-per-peer': STATUS.notAuthorized
  })) {
    it(`are refused over ${name}, and renewed`, async (t) => {
      await using scene = await relayScene({ [name]: 1 })
      const ada = await member(t, scene)
      assert.equal(await ada.register('kitchen'), STATUS.ok)
      assert.equal(await ada.register('garden'), status)
      const event = await scene.event('registration', { action: 'refused' })
      assert.deepEqual([event.peer, event.room, event.limit], [ada.id, 'garden', name])
      assert.equal(await ada.register('kitchen'), STATUS.ok)
      assert.equal(
        Object.values(scene.relay.refusals).reduce((a, b) => a + b),
        1
      )
      const usage = scene.relay.usage().find(({ limit }) => limit === name)
      assert.deepEqual(usage, { limit: name, used: 1, max: 1 })
    })
  }

  it('are refused over registrations-per-room', async (t) => {
    await using scene = await relayScene({ 'registrations-per-room': 1 })
    const [ada, bob] = [await member(t, scene), await member(t, scene)]
    assert.equal(await ada.register('kitchen'), STATUS.ok)
    assert.equal(await bob.register('kitchen'), STATUS.unavailable)
    assert.equal(
      (await scene.event('registration', { peer: bob.id })).limit,
      'registrations-per-room'
    )
    assert.equal(await bob.register('garden'), STATUS.ok)
  })
})

describe('requests of rendezvous', () => {
  for (const name of ['rendezvous-rate-per-peer', 'rendezvous-rate-per-host'] as const) {
    it(`are refused over ${name}`, async (t) => {
      await using scene = await relayScene({ [name]: 2 })
      const [ada, bob] = [await member(t, scene), await member(t, scene)]
      assert.equal(await ada.register('kitchen'), STATUS.ok)
      assert.equal(await ada.discover('kitchen'), STATUS.ok)
      assert.equal(await ada.discover('kitchen'), STATUS.unavailable)
      assert.equal(await ada.register('garden'), STATUS.unavailable)
      const shared = name === 'rendezvous-rate-per-host'
      assert.equal(await bob.discover('kitchen'), shared ? STATUS.unavailable : STATUS.ok)
      assert.equal((await scene.event('registration', { limit: name })).action, 'refused')
      assert.ok(scene.relay.refusals[name] >= 2)
    })
  }

  it('that have no reply are refused all the same, and told of', async (t) => {
    await using scene = await relayScene({ 'rendezvous-rate-per-peer': 1 })
    const ada = await member(t, scene)
    assert.equal(await ada.register('kitchen'), STATUS.ok)
    const signal = patience()
    await ada.channel.tell({ type: 'unregister', ns: 'kitchen' }, { signal })
    const event = await scene.event('registration', { action: 'refused' })
    assert.deepEqual([event.room, event.limit], ['kitchen', 'rendezvous-rate-per-peer'])
    assert.equal(scene.relay.snapshot().registrations, 1)
  })
})
