// Dials the relay by one of its announced addresses, as a peer would, to see who answers there.
import { generateKeyPair } from '@libp2p/crypto/keys'
import { tcp } from '@libp2p/tcp'
import type { Multiaddr } from '@multiformats/multiaddr'
import { createNode } from '../../shared/node.ts'
import type { OwnEnds } from '../own-ends.ts'

/** `address` ends in the relay's peer id. Resolves when the relay itself has answered; rejects with what the dial came to. */
export async function dialAnnounced(
  address: Multiaddr,
  own: Pick<OwnEnds, 'peers'>,
  options: { signal: AbortSignal }
): Promise<void> {
  const node = await createNode({
    privateKey: await generateKeyPair('Ed25519'),
    listen: [],
    announce: [],
    transports: [tcp()],
    services: {},
    maxConnections: 1,
    maxInboundPerHostPerSecond: 1,
    pings: false
  })
  const peer = node.peerId.toString()
  own.peers.add(peer)
  await node.start()
  try {
    const connection = await node.dial(address, options)
    connection.abort(new Error('the address leads here'))
  } finally {
    await node.stop()
    own.peers.delete(peer)
  }
}
