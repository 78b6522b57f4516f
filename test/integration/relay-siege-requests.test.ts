// Proper requests to a relay, more than anybody needs: reservations, registrations, and circuits to whoever is not there,
// does not answer or breaks off.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { it } from 'node:test'
import { generateKeyPair } from '@libp2p/crypto/keys'
import type { PrivateKey } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { tcp } from '@libp2p/tcp'
import { multiaddr } from '@multiformats/multiaddr'
import { rendezvousChannel } from '../../peer/discovery/channel.ts'
import { sealRecord } from '../../shared/signed-record.ts'
import { CircuitStatus, HOP_PROTOCOL, STOP_PROTOCOL } from '../../shared/wire/circuit.ts'
import { MAX_RECORD_BYTES, STATUS } from '../../shared/wire/rendezvous.ts'
import {
  askHop,
  connectRequest,
  patience,
  reserveRequest,
  takeCircuits
} from '../support/raw-circuit.ts'
import { dataFrame, opening, rawConnection } from '../support/raw-yamux.ts'
import { statusOf, type Guest } from '../support/relay-guests.ts'
import { RelayProcess } from '../support/relay-process.ts'
import { stockPeer } from '../support/relay-scene.ts'
import { endures, HOSTILE_HOST, NO_SECOND_HOST } from '../support/siege.ts'

const LIMITS = {
  'reservations-per-host': 10,
  'registrations-per-host': 200,
  'held-bytes': 1024 * 1024,
  'stop-seconds': 1
}
const { OK, NO_RESERVATION, RESERVATION_REFUSED, RESOURCE_LIMIT_EXCEEDED } = CircuitStatus
/** Sixteen of them are a record of nearly 16 KiB. */
const LONG_NAME = `${'x'.repeat(990)}.example`

type Status = number | undefined

/** How often each came. */
function tally(statuses: Status[]): Map<Status, number> {
  const counts = new Map<Status, number>()
  for (const status of statuses) counts.set(status, (counts.get(status) ?? 0) + 1)
  return counts
}

interface HostileGuest extends Guest {
  key: PrivateKey
}

interface Crowd extends AsyncDisposable {
  guests: HostileGuest[]
}

/** So many peers from the hostile host, connected. */
async function crowd(relay: RelayProcess, count: number): Promise<Crowd> {
  const stack = new AsyncDisposableStack()
  const local: object = { localAddress: HOSTILE_HOST }
  const one = async (): Promise<HostileGuest> => {
    const key = await generateKeyPair('Ed25519')
    const node = await stockPeer([], [tcp({ dialOpts: local })], key)
    stack.defer(async () => node.stop())
    await node.start()
    const toRelay = await node.dial(relay.address, { signal: patience() })
    return { node, id: node.peerId.toString(), toRelay, key }
  }
  const guests = await Promise.all(Array.from({ length: count }, one))
  return { guests, [Symbol.asyncDispose]: async () => stack.disposeAsync() }
}

const askToReserve = async (from: Guest): Promise<Status> => statusOf(from, reserveRequest())

/** Registers in so many rooms with the largest record that may be, twice in each. */
async function registerMany({ id, key, toRelay }: HostileGuest, rooms: number): Promise<Status[]> {
  await using channel = rendezvousChannel(toRelay)
  const signal = patience()
  const addresses = Array.from({ length: 16 }, (_, n) => multiaddr(`/dns4/${LONG_NAME}/tcp/${n}`))
  const signedPeerRecord = await sealRecord(key, {
    form: 'standard',
    addresses,
    sequence: 1,
    signal
  })
  const { byteLength } = signedPeerRecord
  assert.ok(byteLength > MAX_RECORD_BYTES * 0.9 && byteLength <= MAX_RECORD_BYTES, `${byteLength}`)
  const statuses: Status[] = []
  for (let n = 0; n < 2 * rooms; n++) {
    const ns = `${id} ${n % rooms}`
    const reply = await channel.ask({ type: 'register', ns, signedPeerRecord }, { signal })
    statuses.push('status' in reply ? reply.status : undefined)
  }
  return statuses
}

it('a relay goes on while it is asked for too much', { skip: NO_SECOND_HOST }, async (t) => {
  const relay = await RelayProcess.start(t, { limits: LIMITS })

  await t.test('reservations for many peers of one host', async () => {
    await endures(relay, async () => {
      await using many = await crowd(relay, 30)
      const statuses = tally(await Promise.all(many.guests.map(askToReserve)))
      assert.equal(statuses.get(OK), 10)
      assert.equal(statuses.get(RESERVATION_REFUSED), 20)
    })
  })

  await t.test('large registrations of many peers, and the same again', async () => {
    await endures(relay, async () => {
      await using many = await crowd(relay, 10)
      const all = await Promise.all(many.guests.map(async (each) => registerMany(each, 40)))
      const statuses = tally(all.flat())
      assert.equal(statuses.get(STATUS.ok), 400, '200 places, each taken and renewed')
      assert.ok((statuses.get(STATUS.unavailable) ?? 0) > 0, 'those beyond what its host may have')
    })
  })

  await t.test('circuits to peers that are not there', async () => {
    await endures(relay, async () => {
      await using alone = await crowd(relay, 1)
      const [from = assert.fail()] = alone.guests
      const nobody = connectRequest(peerIdFromPrivateKey(await generateKeyPair('Ed25519')))
      const statuses: Status[] = []
      const ask = async (): Promise<void> => {
        for (;;) statuses.push(await statusOf(from, nobody))
      }
      // Each ends with the connection.
      await Promise.allSettled(Array.from({ length: 8 }, ask))
      const counts = tally(statuses)
      assert.ok((counts.get(NO_RESERVATION) ?? 0) >= 240, 'as many as it may ask for in a minute')
      assert.ok((counts.get(RESOURCE_LIMIT_EXCEEDED) ?? 0) > 0, 'refused, and asked on')
      await relay.log.first((event) => 'limit' in event && event.limit === 'offences-per-peer')
    })
  })

  await t.test('circuits to a peer that never answers, with bytes that wait for it', async () => {
    await endures(relay, async () => {
      await using pair = await crowd(relay, 1)
      const [mute = assert.fail()] = pair.guests
      await mute.node.handle(STOP_PROTOCOL, () => {})
      assert.equal(await statusOf(mute, reserveRequest()), OK)
      await using raw = await rawConnection(relay.address, { from: HOSTILE_HOST })
      const request = connectRequest(mute.node.peerId)
      const asked = Buffer.concat([Uint8Array.of(request.byteLength), request])
      for (let id = 1; id < 40; id += 2) {
        await raw.send(opening(id, HOP_PROTOCOL, asked))
        await raw.send(dataFrame(id, Buffer.alloc(200_000)))
      }
      await relay.log.first((event) => event.event === 'circuit' && event.limit === 'held-bytes')
    })
  })

  await t.test('circuits whose ends break off in the middle, one or the other', async () => {
    await endures(relay, async () => {
      for (let n = 0; n < 10; n++) {
        await using pair = await crowd(relay, 2)
        const [from = assert.fail(), to = assert.fail()] = pair.guests
        await takeCircuits(to.node, ({ stream }) => {
          stream.addEventListener('message', ({ data }) => void stream.send(data))
        })
        assert.equal(await statusOf(to, reserveRequest()), OK)
        const { answer, stream } = await askHop(from.toRelay, connectRequest(to.node.peerId))
        assert.equal(answer.status, OK)
        const back = once(stream, 'message', { signal: patience() })
        stream.send(Buffer.alloc(200_000))
        await back
        // A reset of TCP, with bytes under way in both directions.
        const breaking = n % 2 === 0 ? from : to
        breaking.toRelay.abort(new Error('cable pulled'))
        await relay.log.until(() =>
          relay.log.events.some(
            (event) =>
              event.event === 'circuit' && event.action === 'closed' && event.from === from.id
          )
        )
      }
    })
  })
})
