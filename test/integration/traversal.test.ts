// From a circuit to a direct connection, with our relay in between and no ordinary dials.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import { startRelayLink } from '../../peer/reservations/relay-link.ts'
import { MAX_ROUNDS_PER_MINUTE } from '../../peer/traversal/round-budget.ts'
import type { Connection } from '@libp2p/interface'
import { withoutPeer } from '../../shared/addresses.ts'
import { CircuitStatus } from '../../shared/wire/circuit.ts'
import { DCUTR_PROTOCOL } from '../../shared/wire/dcutr.ts'
import {
  becomesDirect,
  dialThrough,
  echoes,
  isDirect,
  patience,
  startPuncher,
  type Puncher,
  type Round
} from '../support/punchers.ts'
import { relayScene } from '../support/relay-scene.ts'
import { stallingRelay } from '../support/stalling-relay.ts'

const portOf = ({ address }: Puncher): string => withoutPeer(address).toString()
/** Many times as long as a round takes that has nothing to dial. */
async function manyRoundTrips(
  relay: Puncher['address'],
  from: Puncher,
  to: Puncher
): Promise<void> {
  const circuit = await dialThrough(relay, from, to)
  for (let n = 0; n < 50; n += 1) await echoes(circuit)
}

const roundOf = async (puncher: Puncher): Promise<Round> => puncher.rounds.first(() => true)

/** Both sides' first rounds: one that is still told of the moment to dial would make a lost connection good by itself. */
const roundsEnd = async (...punchers: Puncher[]): Promise<unknown> =>
  Promise.all(punchers.map(roundOf))

/** The next one that opens at `of`, whichever way it comes. */
async function nextConnection(of: Puncher, to: Puncher): Promise<Connection> {
  const { promise, resolve } = Promise.withResolvers<Connection>()
  of.node.addEventListener('connection:open', ({ detail }) => {
    if (detail.remotePeer.toString() === to.id) resolve(detail)
  })
  return promise
}

describe('a circuit between two peers', () => {
  it('becomes direct: who was dialled starts, who dialled answers, both from their ports', async () => {
    await using scene = await relayScene()
    await using ann = await startPuncher(scene.address)
    await using ben = await startPuncher(scene.address)
    const circuit = await dialThrough(scene.address, ann, ben)
    assert.equal(circuit.direct, false)
    const [annToBen, benToAnn] = await Promise.all([
      becomesDirect(ann, ben),
      becomesDirect(ben, ann)
    ])
    assert.equal(withoutPeer(annToBen.remoteAddr).toString(), portOf(ben))
    assert.equal(withoutPeer(benToAnn.remoteAddr).toString(), portOf(ann))
    assert.deepEqual([annToBen.direction, benToAnn.direction], ['outbound', 'inbound'])
    await echoes(annToBen)
    await echoes(benToAnn)

    const [answered, started] = await Promise.all([roundOf(ann), roundOf(ben)])
    const { connection: _a, ms: annMs, ...annRound } = answered
    const { connection: _b, ms: benMs, ...benRound } = started
    const common = { attempt: 1, via: 'dcutr', outcome: 'direct' }
    const toBen = { peer: ben.id, role: 'responder', candidates: [portOf(ben)] }
    const toAnn = { peer: ann.id, role: 'initiator', candidates: [portOf(ann)] }
    assert.deepEqual(annRound, { ...common, ...toBen })
    assert.deepEqual(benRound, { ...common, ...toAnn })
    assert.ok(annMs < 5_000 && benMs < 5_000, `${annMs} and ${benMs} ms`)
  })

  it('carries on beside the direct connection for a while: streams move first', async () => {
    await using scene = await relayScene()
    await using ann = await startPuncher(scene.address)
    await using ben = await startPuncher(scene.address)
    const circuit = await dialThrough(scene.address, ann, ben)
    await Promise.all([becomesDirect(ann, ben), becomesDirect(ben, ann)])
    await Promise.all([roundOf(ann), roundOf(ben)])
    assert.equal(circuit.status, 'open')
    await echoes(circuit)
  })

  it('is not punched again when there is a direct connection beside it', async () => {
    await using scene = await relayScene()
    await using ann = await startPuncher(scene.address)
    await using ben = await startPuncher(scene.address)
    await dialThrough(scene.address, ann, ben)
    await Promise.all([becomesDirect(ann, ben), becomesDirect(ben, ann)])
    await Promise.all([roundOf(ann), roundOf(ben)])
    await echoes(await dialThrough(scene.address, ben, ann))
    await echoes(await dialThrough(scene.address, ann, ben))
    assert.deepEqual([ann.rounds.events.length, ben.rounds.events.length], [1, 1])
  })

  it('becomes direct also when both sides open one and start at once', async () => {
    await using scene = await relayScene()
    await using ann = await startPuncher(scene.address)
    await using ben = await startPuncher(scene.address)
    await Promise.all([dialThrough(scene.address, ann, ben), dialThrough(scene.address, ben, ann)])
    const [annToBen, benToAnn] = await Promise.all([
      becomesDirect(ann, ben),
      becomesDirect(ben, ann)
    ])
    await Promise.all([echoes(annToBen), echoes(benToAnn)])
    assert.deepEqual(new Set([annToBen.direction, benToAnn.direction]).size, 2)
  })

  it('becomes direct in a later round when the first one had nothing to dial', async () => {
    await using scene = await relayScene()
    await using ann = await startPuncher(scene.address)
    await using ben = await startPuncher(scene.address)
    const { own } = ann
    ann.own = () => ({ mapped: [], announced: [], listening: [] })
    await dialThrough(scene.address, ann, ben)
    const first = await roundOf(ben)
    assert.equal(first.outcome, 'failed')
    assert.equal(first.reason, 'the other one knows no address of its own that could be dialled')
    ann.own = own
    await Promise.all([becomesDirect(ann, ben), becomesDirect(ben, ann)])
    const direct = await ben.rounds.first(({ outcome }) => outcome === 'direct')
    assert.equal(direct.attempt, 2)
  })

  for (const who of ['dialled', 'was dialled']) {
    it(`is tried at once, in the middle of a pause, when the network of the side that ${who} has changed`, async () => {
      await using scene = await relayScene()
      await using ann = await startPuncher(scene.address)
      await using ben = await startPuncher(scene.address)
      const { own } = ann
      ann.own = () => ({ mapped: [], announced: [], listening: [] })
      await dialThrough(scene.address, ann, ben)
      for (const each of [ann, ben])
        await each.rounds.until(() => each.rounds.events.find(({ attempt }) => attempt === 2))
      ann.own = own
      const changed = who === 'dialled' ? ann : ben
      changed.traversal.hurry()
      const direct = await changed.rounds.first(({ outcome }) => outcome === 'direct')
      assert.deepEqual([direct.role, direct.attempt], ['initiator', 1])
    })
  }

  it('is tried a dozen times a minute at most, however often a network changes', async () => {
    await using scene = await relayScene()
    await using ann = await startPuncher(scene.address)
    await using ben = await startPuncher(scene.address)
    ann.own = () => ({ mapped: [], announced: [], listening: [] })
    await dialThrough(scene.address, ann, ben)
    const changing = setInterval(() => ben.traversal.hurry(), 1)
    try {
      await ben.rounds.until(() => ben.rounds.events[MAX_ROUNDS_PER_MINUTE - 1])
      await manyRoundTrips(scene.address, ann, ben)
    } finally {
      clearInterval(changing)
    }
    assert.equal(ben.rounds.events.length, MAX_ROUNDS_PER_MINUTE)
  })

  it('has not failed to when a direct connection came while its two sides agreed on a punch', async () => {
    await using scene = await relayScene()
    await using ann = await startPuncher(scene.address)
    await using ben = await startPuncher(scene.address)
    await ben.traversal[Symbol.asyncDispose]()
    const atBen = nextConnection(ben, ann)
    await dialThrough(scene.address, ann, ben)
    const options = { signal: patience(), runOnLimitedConnection: true }
    const stream = await (await atBen).newStream(DCUTR_PROTOCOL, options)
    await ben.transportManager.dial(ann.address, { signal: patience() })
    await becomesDirect(ann, ben)
    stream.abort(new Error('another way has led to it'))
    const { role, outcome } = await roundOf(ann)
    assert.deepEqual([role, outcome], ['responder', 'direct'])
  })

  it('becomes direct for three peers with each other at the same time', async () => {
    await using scene = await relayScene()
    await using ann = await startPuncher(scene.address)
    await using ben = await startPuncher(scene.address)
    await using cat = await startPuncher(scene.address)
    const pairs: Array<[Puncher, Puncher]> = [
      [ann, ben],
      [ben, cat],
      [cat, ann]
    ]
    await Promise.all(pairs.map(async ([from, to]) => dialThrough(scene.address, from, to)))
    await Promise.all(
      pairs.flatMap(([one, other]) => [becomesDirect(one, other), becomesDirect(other, one)])
    )
    for (const [one, other] of pairs) assert.ok(isDirect(one, other))
  })

  it('becomes direct, although another relay calls the address of one of them its own', async () => {
    await using scene = await relayScene()
    await using liar = await stallingRelay('reserve')
    await using ann = await startPuncher(scene.address, { listen: '/ip4/127.0.0.2/tcp/0' })
    await using ben = await startPuncher(scene.address)
    const announced = [`${portOf(ann)}/p2p/${liar.node.peerId.toString()}`]
    liar.answer(CircuitStatus.OK, { announced })
    const relay = liar.address.toString()
    await using link = startRelayLink(
      { node: ben.node, relay, onState: () => undefined },
      { signal: patience() }
    )
    await link.ready
    const { relays } = ben
    ben.relays = () => [...relays(), ...link.endpoints.certain]
    await dialThrough(scene.address, ann, ben)
    await Promise.all([becomesDirect(ann, ben), becomesDirect(ben, ann)])
    const { candidates } = await roundOf(ben)
    assert.deepEqual(candidates, [portOf(ann)])
  })

  it('becomes direct again when the direct connection dies beside the circuit', async () => {
    await using scene = await relayScene()
    await using ann = await startPuncher(scene.address)
    await using ben = await startPuncher(scene.address)
    await dialThrough(scene.address, ann, ben)
    const [first] = await Promise.all([becomesDirect(ann, ben), becomesDirect(ben, ann)])
    await roundsEnd(ann, ben)
    first.abort(new Error('as when a NAT forgets'))
    await ben.rounds.until(() =>
      ben.rounds.events.slice(1).find(({ outcome }) => outcome === 'direct')
    )
    await Promise.all([becomesDirect(ann, ben), becomesDirect(ben, ann)])
  })

  it('becomes direct again by the youngest circuit, whatever the older ones lead to', async () => {
    await using scene = await relayScene()
    await using ann = await startPuncher(scene.address)
    await using ben = await startPuncher(scene.address)
    const older = await dialThrough(scene.address, ann, ben)
    const [first] = await Promise.all([becomesDirect(ann, ben), becomesDirect(ben, ann)])
    await roundsEnd(ann, ben)
    await dialThrough(scene.address, ann, ben)
    const olderAtBen = ben.node
      .getConnections()
      .find(({ direct, direction }) => !direct && direction === 'inbound')
    assert.ok(olderAtBen !== undefined)
    first.abort(new Error('as when a network goes'))
    olderAtBen.abort(new Error('as when it led there'))
    older.abort(new Error('as when it led there'))
    await ben.rounds.until(() =>
      ben.rounds.events.slice(1).find(({ outcome }) => outcome === 'direct')
    )
    await Promise.all([becomesDirect(ann, ben), becomesDirect(ben, ann)])
  })

  it('is silent when the other side starts no round, but not when the talk has moved there amid one', async () => {
    await using scene = await relayScene()
    const dialled = Promise.withResolvers<void>()
    const silenceMs = 100
    await using ann = await startPuncher(scene.address, {
      silenceMs,
      dial:
        () =>
        async (_, { signal }) => {
          dialled.resolve()
          await once(signal, 'abort')
          throw signal.reason
        }
    })
    const neverGetsThrough = { dial: () => async () => Promise.reject(new Error('no way')) }
    await using ben = await startPuncher(scene.address, neverGetsThrough)
    await using cat = await startPuncher(scene.address)
    // It looks for nobody.
    await cat.traversal[Symbol.asyncDispose]()
    await dialThrough(scene.address, ann, ben)
    await dialled.promise
    await dialThrough(scene.address, ann, ben)
    await dialThrough(scene.address, ann, cat)
    await roundsEnd(ann)
    assert.deepEqual(ann.silent, [cat.id])
  })

  it('outlives its relay once it is direct', async () => {
    const scene = await relayScene()
    await using ann = await startPuncher(scene.address)
    await using ben = await startPuncher(scene.address)
    await dialThrough(scene.address, ann, ben)
    const [annToBen] = await Promise.all([becomesDirect(ann, ben), becomesDirect(ben, ann)])
    await scene[Symbol.asyncDispose]()
    await echoes(annToBen)
  })
})
