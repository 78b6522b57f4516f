// What a reload of lists and secrets does to those who are there: it ends the denied, and drops nobody else.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, it, type TestContext } from 'node:test'
import type { Stream } from '@libp2p/interface'
import { CircuitStatus } from '../../shared/wire/circuit.ts'
import { STATUS } from '../../shared/wire/rendezvous.ts'
import { secretOf, visitor, type Visitor } from '../support/access-visitors.ts'
import { askHop, connectRequest, patience, takeCircuits } from '../support/raw-circuit.ts'
import { relayScene, type RelayScene } from '../support/relay-scene.ts'
import { eventually } from '../support/eventually.ts'

const { OK, PERMISSION_DENIED } = CircuitStatus
const OLD = secretOf('correct horse battery')
const NEW = secretOf('a secret that is newer')

/** Visitors with a reservation each. */
async function reserved(t: TestContext, scene: RelayScene, count: number): Promise<Visitor[]> {
  const visitors = await Promise.all(Array.from({ length: count }, async () => visitor(t, scene)))
  for (const each of visitors) assert.equal(await each.reserve(), OK)
  return visitors
}

/** A circuit, seen from both of its ends. */
async function circuit(from: Visitor, to: Visitor): Promise<{ near: Stream; far: Stream }> {
  const taken = Promise.withResolvers<Stream>()
  await takeCircuits(to.node, ({ stream }) => taken.resolve(stream))
  const { answer, stream: near } = await askHop(from.toRelay, connectRequest(to.node.peerId))
  assert.equal(answer.status, OK)
  return { near, far: await taken.promise }
}

async function carries({ near, far }: { near: Stream; far: Stream }): Promise<void> {
  const heard = once(far, 'message', { signal: patience() })
  near.send(Buffer.from('still here'))
  await heard
}

describe('a deny list that is reloaded', { concurrency: 4 }, () => {
  it('ends connection, reservation and circuits of whom it names, and of nobody else', async (t) => {
    await using scene = await relayScene()
    const [ann, bob, cyd, eve] = await reserved(t, scene, 4)
    assert.ok(ann && bob && cyd && eve)
    assert.equal(await eve.rooms.register('kitchen'), STATUS.ok)
    const others = await circuit(ann, bob)
    const [toEve, ofEve] = [await circuit(cyd, eve), await circuit(eve, ann)]
    const ended = [toEve.near, ofEve.far, eve.toRelay].map((each) =>
      once(each, 'close', { signal: patience() })
    )
    scene.relay.reload({ access: { deny: [eve.id] } })
    await Promise.all(ended)
    const about = { peer: eve.id, action: 'closed', rule: 'deny', host: '127.0.0.1' } as const
    await scene.event('connection', about)
    await scene.event('reservation', { peer: eve.id, action: 'released' })
    await carries(others)
    for (const each of [ann, bob, cyd]) {
      assert.equal(each.toRelay.status, 'open')
      assert.equal(await each.reserve(), OK)
    }
    assert.deepEqual(
      scene.events.filter(({ event }) => event === 'connection').length,
      1,
      'one connection has ended'
    )
    await scene.event('registration', { peer: eve.id, action: 'removed' })
  })

  it('lets in again whom it no longer names', async (t) => {
    await using scene = await relayScene()
    const [eve] = await reserved(t, scene, 1)
    assert.ok(eve)
    scene.relay.reload({ access: { deny: [eve.id] } })
    await scene.event('reservation', { peer: eve.id, action: 'released' })
    scene.relay.reload({})
    await eve.node.stop()
    assert.equal(await (await visitor(t, scene, eve.key)).reserve(), OK)
  })
})

describe('an allow list that is reloaded', { concurrency: 4 }, () => {
  it('counts from the next request on: what there is goes on', async (t) => {
    await using scene = await relayScene()
    const [ann, bob] = await reserved(t, scene, 2)
    assert.ok(ann && bob)
    const open = await circuit(ann, bob)
    scene.relay.reload({ access: { allow: [bob.id] } })
    assert.equal(await ann.reserve(), PERMISSION_DENIED)
    assert.equal(await bob.reserve(), OK)
    await carries(open)
    assert.equal(scene.relay.snapshot().reservations.length, 2)
    assert.deepEqual(
      scene.events.filter(({ event }) => event === 'connection'),
      []
    )
  })
})

describe('a secret that is replaced', { concurrency: 4 }, () => {
  it('is in force beside the new one for as long as both are given', async (t) => {
    await using scene = await relayScene({}, { access: { secrets: [OLD] } })
    const [ann, bob, cyd] = [
      await visitor(t, scene),
      await visitor(t, scene),
      await visitor(t, scene)
    ]
    assert.equal(await ann.prove(OLD), 'proven')
    assert.equal(await bob.prove(NEW), 'wrong')
    scene.relay.reload({ access: { secrets: [NEW, secretOf('correct horse battery')] } })
    assert.equal(await ann.reserve(), OK)
    assert.equal(await bob.prove(NEW), 'proven')
    assert.equal(await cyd.prove(OLD), 'proven')

    scene.relay.reload({ access: { secrets: [NEW] } })
    assert.equal(await ann.reserve(), PERMISSION_DENIED)
    assert.equal(await cyd.prove(OLD), 'wrong')
    assert.equal(await cyd.reserve(), PERMISSION_DENIED)
    assert.equal(await bob.reserve(), OK)
    assert.equal(await ann.prove(OLD, NEW), 'proven')
    assert.equal(await ann.reserve(), OK)
    assert.equal(scene.relay.snapshot().reservations.length, 2)
  })

  it('is wanted, and no longer, by a relay that runs', async (t) => {
    await using scene = await relayScene()
    const [ann] = await reserved(t, scene, 1)
    assert.ok(ann)
    scene.relay.reload({ access: { secrets: [OLD] } })
    assert.equal(await ann.reserve(), PERMISSION_DENIED)
    assert.equal(
      await eventually(
        async () => ann.prove(OLD),
        (verdict) => verdict !== 'unwanted'
      ),
      'proven'
    )
    assert.equal(await ann.reserve(), OK)
    const late = await visitor(t, scene)
    assert.equal(await late.prove(NEW), 'wrong')
    scene.relay.reload({})
    assert.equal(await late.reserve(), OK)
    await eventually(
      async () => late.prove(OLD),
      (verdict) => verdict === 'unwanted'
    )
  })

  it('may be replaced many times at once, and the last one counts', async (t) => {
    await using scene = await relayScene()
    for (const secrets of [[OLD], [], [NEW], [], [OLD], [NEW]]) {
      scene.relay.reload({ access: { secrets } })
    }
    const ann = await visitor(t, scene)
    await eventually(
      async () => ann.prove(NEW),
      (verdict) => verdict === 'proven'
    )
    assert.equal(await ann.prove(OLD), 'wrong')
  })
})
