// A relay that is told to stop, and says so: what its peers tell their users, and where their talk goes on.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { generateKeyPair } from '@libp2p/crypto/keys'
import type { Libp2p, Stream } from '@libp2p/interface'
import type { PeerEvent } from '../../peer/events.ts'
import { startRelays, type RelaysInit } from '../../peer/relays.ts'
import type { RelayEvent } from '../../relay/events.ts'
import { lengthPrefixed } from '../../shared/wire/field-writer.ts'
import { encodeLeaving, MEETING_PROTOCOL } from '../../shared/wire/meeting.ts'
import { EventLog } from '../support/event-log.ts'
import { startBoundNode } from '../support/punchers.ts'
import { freePort } from '../support/relay-at.ts'
import { RelayProcess } from '../support/relay-process.ts'
import { relayScene, type RelayScene } from '../support/relay-scene.ts'
import { guest, type Guest } from '../support/room-scene.ts'
import { scratchFolder } from '../support/scratch.ts'
import { stallingRelay, type StallingRelay } from '../support/stalling-relay.ts'

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
    // Its two sides may settle on the other one of two direct connections meanwhile.
    const told = sinceTold(ann).filter((what) => what !== 'direct')
    assert.deepEqual(told.slice(0, 2), ['relay-leaving', 'lost'])
    assert.ok(!told.includes('none') && !told.includes('relayed'))
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

describe('a relay that says that it stops, and does not', () => {
  it('is heard twice in a minute and no more', async (t) => {
    const relay = await stallingRelay('rendezvous')
    t.after(async () => relay[Symbol.asyncDispose]())
    const subscribed = Promise.withResolvers<Stream>()
    await relay.node.handle(MEETING_PROTOCOL, (stream) => subscribed.resolve(stream))
    const log = new EventLog<PeerEvent>()
    await using node = await startBoundNode()
    await using relays = startRelays(await relaysInit(node.node, relay, log), {
      signal: new AbortController().signal
    })
    const stream = await subscribed.promise
    const reservedTimes = async (count: number): Promise<unknown> =>
      log.until(() => log.events.filter(isReserved).length >= count)
    for (const times of [1, 2]) {
      await reservedTimes(times)
      stream.send(lengthPrefixed(encodeLeaving({ seconds: Number.MAX_SAFE_INTEGER })))
      await log.until(() => log.events.filter(isLeaving).length === times)
      relays.renew()
    }
    await reservedTimes(3)
    stream.send(lengthPrefixed(encodeLeaving({ seconds: 60 })))
    // What would follow at once has followed by the time that this has come back.
    await node.node.getConnections()[0]?.newStream('/ipfs/id/1.0.0')
    const told = log.events.filter(isLeaving)
    assert.deepEqual(
      told.map(({ seconds }) => seconds),
      [86_400, 86_400]
    )
    assert.equal(relays.circuits.length, 1)
  })
})

const isReserved = (event: PeerEvent): boolean =>
  event.event === 'relay' && event.state === 'reserved'
const isLeaving = (event: PeerEvent): event is Extract<PeerEvent, { event: 'relay-leaving' }> =>
  event.event === 'relay-leaving'

const nothing = (): void => undefined

async function relaysInit(
  node: Libp2p,
  { address }: StallingRelay,
  log: EventLog<PeerEvent>
): Promise<RelaysInit> {
  return {
    node,
    relays: [String(address)],
    room: 'kitchen',
    privateKey: await generateKeyPair('Ed25519'),
    addresses: () => [],
    onPeer: nothing,
    onStill: nothing,
    onGone: nothing,
    onReserved: nothing,
    leave: () => [],
    tell: log.note
  }
}

const isListening = (event: {
  event: string
}): event is Extract<RelayEvent, { event: 'listening' }> => event.event === 'listening'

async function stop(scene: RelayScene): Promise<void> {
  await scene.relay.drain(5, { signal: new AbortController().signal })
  await scene.relay[Symbol.asyncDispose]()
}
