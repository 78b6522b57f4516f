// Strangers on a peer's port who would be its relay: nobody is who was not named by the user.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { lpStream } from '@libp2p/utils'
import { isRelayed } from '../../shared/addresses.ts'
import { CircuitStatus, decodeStop, encodeStop, STOP_PROTOCOL } from '../../shared/wire/circuit.ts'
import { patience } from '../support/raw-circuit.ts'
import { startBoundNode } from '../support/punchers.ts'
import { stallingRelay } from '../support/stalling-relay.ts'

describe('a stranger that hands a peer a circuit', () => {
  it('is not asked for a reservation, and nobody is told to come by way of it', async () => {
    await using ann = await startBoundNode()
    await using stranger = await stallingRelay('reserve')
    stranger.answer(CircuitStatus.OK)
    let wasAsked = false
    void stranger.asked.then(() => (wasAsked = true))
    const connection = await stranger.node.dial(ann.address, { signal: patience() })

    const frames = lpStream(await connection.newStream(STOP_PROTOCOL, { signal: patience() }))
    const peer = { id: stranger.node.peerId.toMultihash().bytes, addresses: [] }
    await frames.write(encodeStop({ type: 'CONNECT', peer }), { signal: patience() })
    // The library reserves before it answers.
    const answer = decodeStop((await frames.read({ signal: patience() })).subarray())
    assert.equal(answer.status, CircuitStatus.OK)
    assert.ok(!wasAsked)
    assert.deepEqual(ann.transportManager.getAddrs().filter(isRelayed), [])
  })
})
