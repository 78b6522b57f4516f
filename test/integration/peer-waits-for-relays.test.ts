// Relays that come late, come back as another one, or die beside another: no restart of a peer is ever needed.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { freePort, relayAt } from '../support/relay-at.ts'
import { relayScene } from '../support/relay-scene.ts'
import { guest } from '../support/room-scene.ts'

describe('a relay that is not there yet', () => {
  it('is found when it comes, and those who waited for it meet there', async (t) => {
    const [port, privateKey] = [await freePort(), await generateKeyPair('Ed25519')]
    const address = `/ip4/127.0.0.1/tcp/${port}/p2p/${peerIdFromPrivateKey(privateKey).toString()}`
    await using ann = await guest([address], 'ann')
    await using ben = await guest([address], 'ben')
    assert.deepEqual([ann.peer.members, ann.peer.relays[0]?.state], [[], 'lost'])
    await relayAt(t, port, privateKey)
    await Promise.all([ann.knows('ben'), ben.knows('ann')])
    await ann.peer.joined(AbortSignal.timeout(10_000))
    ben.peer.send('hello')
    assert.deepEqual(await ann.hears(1), ['ben: hello'])
    assert.equal(ann.peer.relays[0]?.state, 'reserved')
  })
})

describe('a relay that comes back as another one', () => {
  it('is followed by those who named it by its address, with what was said meanwhile', async (t) => {
    const port = await freePort()
    const address = `/ip4/127.0.0.1/tcp/${port}`
    const first = await relayAt(t, port, await generateKeyPair('Ed25519'))
    await using ann = await guest([address], 'ann', { relayedOnly: true })
    await using ben = await guest([address], 'ben', { relayedOnly: true })
    await Promise.all([ann.path('ben', 'relayed'), ben.path('ann', 'relayed')])
    ann.peer.send('before')
    await ben.hears(1)
    await first[Symbol.asyncDispose]()
    await Promise.all([ann.path('ben', 'none'), ben.path('ann', 'none')])
    ann.peer.send('meanwhile')
    const second = await relayAt(t, port, await generateKeyPair('Ed25519'))
    assert.deepEqual(await ben.hears(2), ['ann: before', 'ann: meanwhile'])
    assert.deepEqual([ann.of('left'), ben.of('left')], [[], []])
    const { relay } = ann.peer.relays[0] ?? {}
    assert.ok(second.addresses[0]?.endsWith(`/p2p/${relay}`))
    assert.ok(ann.peer.members[0]?.address?.includes(`/p2p/${relay}/p2p-circuit`))
  })
})

describe('a relay that drains and is started again', () => {
  it('carries what is said until its circuits have had their time, and then has its peers back', async (t) => {
    const [port, privateKey] = [await freePort(), await generateKeyPair('Ed25519')]
    const first = await relayAt(t, port, privateKey)
    const address = first.addresses[0] ?? ''
    await using ann = await guest([address], 'ann', { relayedOnly: true })
    await using ben = await guest([address], 'ben', { relayedOnly: true })
    await Promise.all([ann.path('ben', 'relayed'), ben.path('ann', 'relayed')])
    const drained = first.drain(1, { signal: AbortSignal.timeout(10_000) })
    ann.peer.send('during')
    assert.deepEqual(await ben.hears(1), ['ann: during'])
    await drained
    await first[Symbol.asyncDispose]()
    await ann.log.first((event) => event.event === 'relay' && event.state === 'lost')
    await relayAt(t, port, privateKey)
    ann.peer.send('after')
    assert.deepEqual(await ben.hears(2), ['ann: during', 'ann: after'])
    assert.equal(ann.peer.relays[0]?.state, 'reserved')
  })
})

describe('two relays', () => {
  it('of which one dies: nobody leaves, and talk that went through it goes on over the other', async () => {
    const mortal = await relayScene()
    await using other = await relayScene()
    const both = [mortal.address, other.address]
    await using ann = await guest(both, 'ann', { relayedOnly: true })
    await using ben = await guest(both, 'ben', { relayedOnly: true })
    await Promise.all([ann.path('ben', 'relayed'), ben.path('ann', 'relayed')])
    const standing = async (one: typeof ann): Promise<unknown> =>
      one.log.until(() => one.peer.relays.every(({ state }) => state === 'reserved'))
    await Promise.all([standing(ann), standing(ben)])
    const said: string[] = []
    for (let at = 0; at < 100; at += 1) {
      if (at === 30) void mortal[Symbol.asyncDispose]()
      ann.peer.send(String(at))
      said.push(`ann: ${at}`)
      await sleep(10)
    }
    assert.deepEqual(await ben.hears(100), said)
    await ann.log.first((event) => event.event === 'relay' && event.state === 'lost')
    assert.deepEqual([ann.of('left'), ben.of('left')], [[], []])
    assert.equal(ann.peer.relays[1]?.state, 'reserved')
    assert.equal(ann.of('relay').filter(({ address }) => address === String(both[1])).length, 2)
  })

  it('of which one loses a member: those of the other stay', async () => {
    await using one = await relayScene()
    await using other = await relayScene()
    await using ann = await guest([one.address, other.address], 'ann')
    await using ben = await guest([other.address], 'ben')
    await using cem = await guest([one.address], 'cem')
    await Promise.all([ann.path('ben', 'direct'), ann.path('cem', 'direct')])
    await ben.knows('ann')
    await cem[Symbol.asyncDispose]()
    await ann.log.first((event) => event.event === 'left' && event.name === 'cem')
    assert.deepEqual(
      ann.peer.members.map(({ name }) => name),
      ['ben']
    )
  })
})
