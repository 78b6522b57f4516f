// The limits of streams, run into by connections that are spoken by hand.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Stream } from '@libp2p/interface'
import { CircuitStatus, HOP_PROTOCOL } from '../../shared/wire/circuit.ts'
import { askHop, connectRequest, reserveRequest } from '../support/raw-circuit.ts'
import { FLAG, FRAME, opening, rawConnection, yamuxHeader } from '../support/raw-yamux.ts'
import { guest, statusOf, target } from '../support/relay-guests.ts'
import { relayScene } from '../support/relay-scene.ts'
import { eventually } from '../support/eventually.ts'

/** Opened, and nothing said. */
const open = (id: number): Buffer => yamuxHeader(FRAME.windowUpdate, FLAG.syn, id, 0)
const reset = (id: number): Buffer => yamuxHeader(FRAME.windowUpdate, FLAG.rst, id, 0)

/** With those by which both ends introduce themselves. */
const ROOM = 20

describe('streams', () => {
  for (const limit of ['waiting-streams', 'waiting-streams-per-host'] as const) {
    it(`that wait are refused over ${limit}, and the connection goes on`, async () => {
      await using scene = await relayScene({ [limit]: ROOM })
      const used = (): number | undefined =>
        scene.relay.usage().find((usage) => usage.limit === limit)?.used
      await using raw = await rawConnection(scene.address)
      const ids = Array.from({ length: ROOM + 5 }, (_, n) => 2 * n + 1)
      await raw.send(Buffer.concat(ids.map(open)))
      await raw.seen()
      const event = await scene.event('stream', { action: 'refused' })
      assert.equal(event.limit, limit)
      assert.ok(raw.open)
      assert.equal(used(), ROOM)
      assert.ok(scene.relay.refusals[limit] >= 5)
      await raw.send(Buffer.concat(ids.map(reset)))
      await eventually(used, (count) => count === 0)
      const peer = await guest(scene)
      assert.equal(await statusOf(peer, reserveRequest()), CircuitStatus.OK)
    })
  }

  it('of HOP wait until they are asked on', async () => {
    await using scene = await relayScene({ 'waiting-streams': ROOM })
    await using raw = await rawConnection(scene.address)
    const ids = Array.from({ length: ROOM + 5 }, (_, n) => 2 * n + 1)
    await raw.send(Buffer.concat(ids.map((id) => opening(id, HOP_PROTOCOL))))
    const event = await scene.event('stream', { action: 'refused' })
    assert.equal(event.limit, 'waiting-streams')
  })

  it('of HOP that are answered and not closed by who asked are waiting streams as well', async () => {
    await using scene = await relayScene({ 'waiting-streams-per-host': ROOM })
    const used = (): number | undefined =>
      scene.relay.usage().find(({ limit }) => limit === 'waiting-streams-per-host')?.used
    const [host, from] = [await target(scene), await guest(scene)]
    const nobody = connectRequest(from.node.peerId)
    const kept: Stream[] = []
    const asking = async (): Promise<void> => {
      while (kept.length < 2 * ROOM) kept.push((await askHop(from.toRelay, nobody)).stream)
    }
    await assert.rejects(asking())
    assert.equal(kept.length, ROOM)
    const { limit, peer } = await scene.event('stream', { action: 'refused' })
    assert.deepEqual([limit, peer], ['waiting-streams-per-host', from.id])
    for (const stream of kept) stream.abort(new Error('enough'))
    await eventually(used, (count) => count === 0)

    const circuit = await askHop(from.toRelay, connectRequest(host.node.peerId))
    assert.equal(circuit.answer.status, CircuitStatus.OK)
    assert.equal(used(), 0, 'a circuit has limits of its own')
  })

  for (const limit of ['stream-rate-per-peer', 'stream-rate-per-host'] as const) {
    it(`that are opened faster than ${limit} end the connection`, async () => {
      await using scene = await relayScene({ [limit]: ROOM })
      await using raw = await rawConnection(scene.address)
      for (let id = 1; raw.open && id < 4 * ROOM; id += 2) {
        await raw.send(Buffer.concat([open(id), reset(id)]))
      }
      await raw.ended
      const event = await scene.event('connection', { action: 'closed' })
      assert.equal(event.limit, limit)
      assert.match(event.peer ?? 'nobody', /^12D3KooW/)
      const usage = scene.relay.usage().find((each) => each.limit === limit)
      assert.equal(usage?.max, ROOM)
      assert.ok(usage.used > ROOM - 1)
    })
  }
})
