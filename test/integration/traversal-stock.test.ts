// The exchange of a punch with stock js-libp2p. It passes over private addresses and loses its role in the dial queue,
// so it never gets direct by itself: what is spoken is looked at, what comes of it, and what we say of it.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { circuitRelayTransport } from '@libp2p/circuit-relay-v2'
import { dcutr } from '@libp2p/dcutr'
import { identify } from '@libp2p/identify'
import type { Libp2p } from '@libp2p/interface'
import { tcp } from '@libp2p/tcp'
import { echo } from '@libp2p/utils'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import {
  becomesDirect,
  dialThrough,
  echoes,
  ECHO,
  startPuncher,
  type Puncher
} from '../support/punchers.ts'
import { relayScene, type RelayScene } from '../support/relay-scene.ts'

/** Of the prefix for documentation: public to the library, which then goes on with the exchange, and nobody's. */
const PUBLIC = '/ip6/3fff::1/tcp/4001'

async function stockPeer(
  scene: RelayScene,
  { speaksDcutr = true } = {}
): Promise<Libp2p & AsyncDisposable> {
  const node = await createLibp2p({
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0', `${scene.address.toString()}/p2p-circuit`] },
    transports: [tcp(), circuitRelayTransport()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    services: { identify: identify(), ...(speaksDcutr ? { dcutr: dcutr() } : {}) },
    connectionGater: { denyDialMultiaddr: () => false }
  })
  await node.handle(ECHO, (stream) => void echo(stream), { runOnLimitedConnection: true })
  await scene.event('reservation', { peer: node.peerId.toString(), action: 'granted' })
  return Object.assign(node, { [Symbol.asyncDispose]: async () => node.stop() })
}

function offeringAlso(puncher: Puncher, address: string): void {
  const { own } = puncher
  puncher.own = () => ({ ...own(), announced: [multiaddr(address)] })
}

const idOf = (node: Libp2p): { id: string } => ({ id: node.peerId.toString() })
const tcpAddressOf = (node: Libp2p): string =>
  node
    .getMultiaddrs()
    .map(String)
    .filter((address) => !address.includes('p2p-circuit'))
    .map((address) => address.replace(/\/p2p\/.*/, ''))
    .join()

describe('stock js-libp2p with @libp2p/dcutr', () => {
  it('starts an exchange that we answer up to SYNC, and our dial makes it direct', async () => {
    await using scene = await relayScene()
    await using ann = await startPuncher(scene.address)
    offeringAlso(ann, PUBLIC)
    await using stock = await stockPeer(scene)
    await dialThrough(scene.address, ann, idOf(stock).id)
    const round = await ann.rounds.first(() => true)
    assert.deepEqual(
      [round.role, round.outcome, round.candidates],
      ['responder', 'direct', [tcpAddressOf(stock)]]
    )
    const direct = await becomesDirect(ann, idOf(stock))
    assert.equal(direct.direction, 'outbound', 'the one who answers is the client')
    await echoes(direct)
  })

  it('answers an exchange that we start, and that its role is lost has a reason', async () => {
    await using scene = await relayScene()
    await using ann = await startPuncher(scene.address)
    offeringAlso(ann, PUBLIC)
    await using stock = await stockPeer(scene)
    await stock.dial(scene.address.encapsulate(`/p2p-circuit/p2p/${ann.id}`))
    const round = await ann.rounds.first(() => true)
    assert.deepEqual(
      [round.role, round.outcome, round.candidates],
      ['initiator', 'failed', [tcpAddressOf(stock)]]
    )
    assert.match(round.reason ?? '', /^none of the other one's addresses let us in \(.*ECONNRESET/)
  })

  it('breaks an exchange off when we have no public address, and that has a reason', async () => {
    await using scene = await relayScene()
    await using ann = await startPuncher(scene.address)
    await using stock = await stockPeer(scene)
    await stock.dial(scene.address.encapsulate(`/p2p-circuit/p2p/${ann.id}`))
    const round = await ann.rounds.first(() => true)
    assert.deepEqual([round.role, round.outcome], ['initiator', 'failed'])
    assert.match(
      round.reason ?? '',
      /^agreeing on a direct connection with the other one over the relay failed \(failed to read CONNECT: /
    )
  })

  it('is told apart from a peer that does not speak DCUtR', async () => {
    await using scene = await relayScene()
    await using ann = await startPuncher(scene.address)
    await using stock = await stockPeer(scene, { speaksDcutr: false })
    await stock.dial(scene.address.encapsulate(`/p2p-circuit/p2p/${ann.id}`))
    const { reason } = await ann.rounds.first(() => true)
    assert.equal(
      reason,
      'the other one does not speak /libp2p/dcutr, so no direct connection can be agreed on'
    )
  })
})
