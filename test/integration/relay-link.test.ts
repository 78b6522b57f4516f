// A reservation that ends while the connection to the relay stands.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { PeerId, Transport } from '@libp2p/interface'
import { startRelayLink } from '../../peer/reservations/relay-link.ts'
import { CircuitStatus } from '../../shared/wire/circuit.ts'
import { EventLog } from '../support/event-log.ts'
import { startBoundNode } from '../support/punchers.ts'
import { stallingRelay } from '../support/stalling-relay.ts'

interface Told {
  state: string
  reason?: string | undefined
}

/** What the library's own timer does some minutes before a reservation ends. */
async function renew(transports: Transport[], relay: PeerId): Promise<void> {
  for (const transport of transports) {
    const store: unknown = Reflect.get(transport, 'reservationStore')
    if (typeof store !== 'object' || store === null) continue
    const addRelay: unknown = Reflect.get(store, 'addRelay')
    assert.ok(typeof addRelay === 'function')
    await Reflect.apply(addRelay, store, [relay, 'configured'])
    return
  }
  assert.fail('no transport makes reservations')
}

describe('a reservation on a connection that stands', () => {
  it('is noticed when it is not renewed, and asked for again', async () => {
    await using relay = await stallingRelay('reserve')
    relay.answer(CircuitStatus.OK)
    await using ann = await startBoundNode()
    const { node, transportManager } = ann
    const log = new EventLog<Told>()
    await using link = startRelayLink(
      {
        node,
        transportManager,
        relay: relay.address.toString(),
        onState: (state, reason) => log.note({ state, reason })
      },
      { signal: new AbortController().signal }
    )
    await link.ready
    const { connection } = link
    assert.ok(connection !== undefined)
    await renew(transportManager.getTransports(), relay.node.peerId)
    assert.equal(link.connection, connection, 'it is renewed')

    relay.answer(CircuitStatus.RESERVATION_REFUSED)
    await assert.rejects(renew(transportManager.getTransports(), relay.node.peerId))
    await log.first(({ state }) => state === 'lost')
    assert.equal(link.connection, undefined)
    await log.first(({ state }) => state === 'refused')

    relay.answer(CircuitStatus.OK)
    await log.until(() => log.events.at(-1)?.state === 'reserved')
    assert.equal(link.connection, connection, 'the same connection')
    assert.equal(connection.status, 'open')
    assert.deepEqual(log.events.map(({ state }) => state).slice(0, 5), [
      'connecting',
      'reserved',
      'lost',
      'connecting',
      'refused'
    ])
    assert.match(
      log.events.find(({ state }) => state === 'lost')?.reason ?? '',
      /did not renew the reservation/
    )
  })
})
