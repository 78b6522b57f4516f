// The list of all connections is what the connection manager knows, also while connections come and go.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { generateKeyPair } from '@libp2p/crypto/keys'
import type { Libp2p } from '@libp2p/interface'
import { tcp } from '@libp2p/tcp'
import { createNode } from '../../../../shared/node.ts'

async function started(listen: string[]): Promise<Libp2p & AsyncDisposable> {
  const made = await createNode({
    privateKey: await generateKeyPair('Ed25519'),
    listen,
    announce: [],
    transports: [tcp()],
    services: {},
    maxConnections: 100,
    maxInboundPerHostPerSecond: 100
  })
  await made.start()
  return Object.assign(made, { [Symbol.asyncDispose]: async () => made.stop() })
}

describe('the list of all connections', () => {
  it('follows what opens and closes, and is not shared with who asked', async () => {
    await using middle = await started(['/ip4/127.0.0.1/tcp/0'])
    await using one = await started([])
    await using two = await started([])
    const ids = (): string[] => middle.getConnections().map(({ id }) => id)
    assert.deepEqual(ids(), [])
    for (const [index, peer] of [one, two].entries()) {
      const told = once(middle, 'connection:open', () => ids().length === index + 1)
      await peer.dial(middle.getMultiaddrs())
      await told
    }
    middle.getConnections().length = 0
    const [kept, gone] = [
      middle.getConnections(one.peerId)[0],
      middle.getConnections(two.peerId)[0]
    ]
    assert.deepEqual(new Set(ids()), new Set([kept?.id, gone?.id]))
    const closed = once(middle, 'connection:close', () => ids().length === 1)
    await two.hangUp(middle.peerId)
    await closed
    assert.deepEqual(ids(), [kept?.id])
  })
})

/** Asks at the event itself, which may be before the connection manager has heard of it, and after. */
async function once(
  node: Libp2p,
  name: 'connection:open' | 'connection:close',
  holds: () => boolean
): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  node.addEventListener(
    name,
    () => {
      node.getConnections()
      queueMicrotask(() => queueMicrotask(resolve))
    },
    { once: true }
  )
  await promise
  assert.ok(holds())
}
