// Requests that cannot happen on the relay as it is assembled today: those that come over a circuit.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { Books } from '../../../../relay/books.ts'
import type { HopContext } from '../../../../relay/circuit/context.ts'
import { readFrame, sendFrame } from '../../../../relay/circuit/frames.ts'
import { serveHop } from '../../../../relay/circuit/hop.ts'
import { DEFAULT_LIMITS } from '../../../../relay/limits.ts'
import type { RelayEvent } from '../../../../relay/events.ts'
import { CircuitStatus, decodeHop, encodeHop } from '../../../../shared/wire/circuit.ts'
import { yamuxPair } from '../../../support/yamux-pair.ts'

const privateKey = await generateKeyPair('Ed25519')
const remotePeer = peerIdFromPrivateKey(await generateKeyPair('Ed25519'))
const target = peerIdFromPrivateKey(await generateKeyPair('Ed25519'))
const remoteAddr = multiaddr('/ip4/7.7.7.7/tcp/1/p2p-circuit')
const relayed = { direct: false, remotePeer, remoteAddr }

async function ask(request: Uint8Array): Promise<{ status?: number; events: RelayEvent[] }> {
  const events: RelayEvent[] = []
  const books = new Books(DEFAULT_LIMITS)
  const { admission } = books
  admission.reserve(target.toString(), 'host', 0)
  const context: HopContext = {
    privateKey,
    peerId: peerIdFromPrivateKey(privateKey),
    books,
    circuits: new Set(),
    passed: { add: () => assert.fail('nothing has passed') },
    onEvent: (event) => events.push(event),
    nowMs: () => 0,
    clockMs: () => 0,
    onOffence: () => assert.fail('nobody has offended'),
    addresses: () => [],
    connectionsTo: () => [],
    onReserved: () => assert.fail('a reservation was made'),
    signal: new AbortController().signal
  }
  const { near, far } = await yamuxPair()
  const served = serveHop(far, relayed, context)
  sendFrame(near, request)
  const { status } = decodeHop(await readFrame(near, { signal: AbortSignal.timeout(10_000) }))
  await near.close()
  await served
  assert.equal(admission.circuits, 0)
  return { ...(status === undefined ? {} : { status }), events }
}

describe('a HOP request over a relayed connection', () => {
  it('to reserve is denied', async () => {
    const { status, events } = await ask(encodeHop({ type: 'RESERVE' }))
    assert.equal(status, CircuitStatus.PERMISSION_DENIED)
    const peer = remotePeer.toString()
    const reason = 'asked over a circuit'
    assert.deepEqual(events, [{ event: 'reservation', peer, action: 'refused', reason }])
  })

  it('to connect is denied', async () => {
    const peer = { id: target.toMultihash().bytes, addresses: [] }
    const { status, events } = await ask(encodeHop({ type: 'CONNECT', peer }))
    assert.equal(status, CircuitStatus.PERMISSION_DENIED)
    assert.equal(events[0]?.event, 'circuit')
  })
})
