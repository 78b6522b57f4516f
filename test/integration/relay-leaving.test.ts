// A relay that is told to stop, and says so: what its peers tell their users, and where their talk goes on.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { RelayEvent } from '../../relay/events.ts'
import { freePort } from '../support/relay-at.ts'
import { RelayProcess } from '../support/relay-process.ts'
import { relayScene, type RelayScene } from '../support/relay-scene.ts'
import { guest, type Guest } from '../support/room-scene.ts'
import { scratchFolder } from '../support/scratch.ts'

const RELAYED = { relayedOnly: true }

async function isTold(one: Guest): Promise<ReturnType<typeof leavings>[number]> {
  return one.log.until(() => leavings(one)[0])
}

const leavings = (one: Guest) => one.of('relay-leaving')

/** What relays and paths have come to since the relay said that it leaves; how often it was looked for is left out. */
function sinceTold(one: Guest): string[] {
  const told = one.log.events.findIndex(({ event }) => event === 'relay-leaving')
  return one.log.events.slice(told).flatMap((event) => {
    if (event.event === 'relay') return event.state === 'connecting' ? [] : [event.state]
    return event.event === 'path' ? [event.path] : [event.event]
  })
}

const relayOfCircuit = (one: Guest): string | undefined =>
  /\/p2p\/([^/]+)\/p2p-circuit/.exec(one.peer.members[0]?.address ?? '')?.[1]

describe('a relay that is told to stop', () => {
  it('says so to peers that have a circuit before it ends, and carries their talk on after a restart', async (t) => {
    const home = scratchFolder(t)
    const listen = `/ip4/127.0.0.1/tcp/${await freePort()}`
    const first = await RelayProcess.start(t, { home, listen, env: { PARLEY_DRAIN: '1' } })
    await using ann = await guest([first.address], 'ann', RELAYED)
    await using ben = await guest([first.address], 'ben', RELAYED)
    await Promise.all([ann.path('ben', 'relayed'), ben.path('ann', 'relayed')])
    first.program.child.kill('SIGTERM')
    const [told] = await Promise.all([isTold(ann), isTold(ben)])
    const { peerId } = await first.log.first(isListening)
    assert.deepEqual(told, {
      event: 'relay-leaving',
      relay: peerId,
      address: String(first.address),
      seconds: 1,
      relayed: [ben.peer.peerId]
    })
    assert.ok(ann.peer.relays.every(({ endsAtMs }) => endsAtMs !== undefined))
    assert.equal(await first.program.ended(), 0)
    await ann.path('ben', 'none')
    await ann.log.until(() => sinceTold(ann).includes('lost'))
    assert.deepEqual(new Set(sinceTold(ann)), new Set(['relay-leaving', 'none', 'lost']))
    const lost = ann.of('relay').find(({ state }) => state === 'lost')
    assert.equal(lost?.reason, 'the relay has shut down')
    ann.peer.send('meanwhile')
    const second = await RelayProcess.start(t, { home, listen })
    assert.deepEqual(await ben.hears(1), ['ann: meanwhile'])
    assert.equal(String(second.address), String(first.address))
    assert.ok(ann.peer.relays.every(({ endsAtMs }) => endsAtMs === undefined))
  })

  it('alarms nobody whose talk is direct', async () => {
    await using scene = await relayScene()
    await using ann = await guest([scene.address], 'ann')
    await using ben = await guest([scene.address], 'ben')
    await Promise.all([ann.path('ben', 'direct'), ben.path('ann', 'direct')])
    await stop(scene)
    assert.deepEqual((await isTold(ann)).relayed, [])
    await ann.log.until(() => sinceTold(ann).includes('lost'))
    ann.peer.send('still here')
    assert.deepEqual(await ben.hears(1), ['ann: still here'])
    assert.deepEqual(sinceTold(ann).slice(0, 2), ['relay-leaving', 'lost'])
    assert.ok(!sinceTold(ann).includes('none'))
  })

  it('loses its talk to another relay that both sides know, and then need not wait any longer', async () => {
    await using one = await relayScene()
    await using two = await relayScene()
    const relays = [one.address, two.address]
    await using ann = await guest(relays, 'ann', RELAYED)
    await using ben = await guest(relays, 'ben', RELAYED)
    await Promise.all([ann.path('ben', 'relayed'), ben.path('ann', 'relayed')])
    for (const each of [ann, ben])
      await each.log.until(() => each.peer.relays.every(({ state }) => state === 'reserved'))
    const leaving = relayOfCircuit(ann) === one.relay.peerId ? one : two
    const staying = leaving === one ? two : one
    const drained = leaving.relay.drain(60, { signal: new AbortController().signal })
    for (const each of [ann, ben])
      await each.log.until(() => relayOfCircuit(each) === staying.relay.peerId)
    ann.peer.send('this way')
    assert.deepEqual(await ben.hears(1), ['ann: this way'])
    for (const each of [ann, ben]) assert.ok(!sinceTold(each).includes('none'))
    await drained
  })
})

const isListening = (event: {
  event: string
}): event is Extract<RelayEvent, { event: 'listening' }> => event.event === 'listening'

async function stop(scene: RelayScene): Promise<void> {
  await scene.relay.drain(5, { signal: new AbortController().signal })
  await scene.relay[Symbol.asyncDispose]()
}
