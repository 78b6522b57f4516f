// Who comes in when the library's counts stand aside.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { generateKeyPair } from '@libp2p/crypto/keys'
import type { Libp2p } from '@libp2p/interface'
import type { ConnectionManager } from '@libp2p/interface-internal'
import { tcp } from '@libp2p/tcp'
import { oneDoor } from '../../../relay/one-door.ts'
import { createNode } from '../../../shared/node.ts'
import { eventually } from '../../support/eventually.ts'

/** One that, but for its services, lets in a single one. `listed` counts how often all connections were asked for. */
async function started(
  listen: string[],
  services: { oneDoor?: typeof oneDoor } = {}
): Promise<Libp2p & AsyncDisposable & { listed: () => number }> {
  let manager: ConnectionManager | undefined
  const seen = ({ connectionManager }: { connectionManager: ConnectionManager }): object => {
    manager = connectionManager
    return {}
  }
  const made = await createNode({
    privateKey: await generateKeyPair('Ed25519'),
    listen,
    announce: [],
    transports: [tcp()],
    services: {
      seen,
      ...(services.oneDoor === undefined ? {} : { oneDoor: services.oneDoor() })
    },
    maxConnections: 1,
    maxInboundPerHostPerSecond: 100,
    pings: false
  })
  await made.start()
  assert.ok(manager !== undefined)
  let listed = 0
  const getConnections = manager.getConnections.bind(manager)
  manager.getConnections = (peer) => {
    if (peer === undefined) listed++
    return getConnections(peer)
  }
  const dispose = async (): Promise<void> => made.stop()
  return Object.assign(made, { listed: () => listed, [Symbol.asyncDispose]: dispose })
}

/** The dialling side has the connection a moment before the other. */
async function counts(node: Libp2p, peer: Libp2p): Promise<void> {
  await eventually(
    () => node.getConnections(peer.peerId).length,
    (length) => length === 1
  )
}

describe('a node with one door', () => {
  it('lets in who comes, and keeps all, without a list of them', async () => {
    await using node = await started(['/ip4/127.0.0.1/tcp/0'], { oneDoor })
    await using one = await started([], { oneDoor })
    await using two = await started([], { oneDoor })
    for (const peer of [one, two]) {
      await peer.dial(node.getMultiaddrs())
      await counts(node, peer)
    }
    assert.equal(node.listed(), 0)
    assert.equal(node.getConnections().length, 2)
  })

  it('is not what the library gives', async () => {
    await using node = await started(['/ip4/127.0.0.1/tcp/0'])
    await using one = await started([])
    await using two = await started([])
    await one.dial(node.getMultiaddrs())
    await counts(node, one)
    assert.notEqual(node.listed(), 0)
    await assert.rejects(two.dial(node.getMultiaddrs()))
  })
})
