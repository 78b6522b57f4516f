// The path of the product without NATs: the conversation begins over a relay's circuit, moves to a direct connection,
// and does not notice that the relay dies.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { circuitRelayServer, circuitRelayTransport } from '@libp2p/circuit-relay-v2'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { identify } from '@libp2p/identify'
import type { Libp2p } from '@libp2p/interface'
import { tcp } from '@libp2p/tcp'
import { createNode } from '../../shared/node.ts'
import { Talker } from '../support/talkers.ts'

const isCircuit = (address: { toString(): string }): boolean =>
  address.toString().includes('/p2p-circuit')

const numbered = (name: string): string[] =>
  Array.from({ length: 200 }, (_, at) => `${name} ${at + 1}`)

async function startRelay(): Promise<Libp2p> {
  const relay = await createNode({
    privateKey: await generateKeyPair('Ed25519'),
    listen: ['/ip4/127.0.0.1/tcp/0'],
    announce: [],
    transports: [tcp()],
    services: { identify: identify(), relay: circuitRelayServer() },
    maxConnections: 50,
    maxInboundPerHostPerSecond: 100
  })
  await relay.start()
  return relay
}

test('200 lines each way: relayed at once, then direct, then the relay is killed; none lost, none twice', async () => {
  const relay = await startRelay()
  const circuit = `${relay.getMultiaddrs()[0]?.toString() ?? ''}/p2p-circuit`
  const behindRelay = {
    listen: ['/ip4/127.0.0.1/tcp/0', circuit],
    transports: [tcp(), circuitRelayTransport()],
    services: { identify: identify() }
  }
  await using ann = await Talker.start('ann', { network: behindRelay })
  await using ben = await Talker.start('ben', { network: behindRelay })
  while (!ben.node.getMultiaddrs().some(isCircuit))
    await new Promise((resolve) => setImmediate(resolve))
  await ann.node.dial(ben.node.getMultiaddrs().filter(isCircuit))
  ann.conversations.admit(ben.peer)
  await Promise.all([ann, ben].map((each) => each.until(() => each.of('carrier').length > 0)))
  assert.equal(ann.conversations.carrier(ben.peer)?.direct, false)

  const talk = async (from: Talker, to: Talker, name: string): Promise<void> => {
    for (const text of numbered(name)) {
      from.say(text, to)
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
  }
  const talking = Promise.all([talk(ann, ben, 'ann'), talk(ben, ann, 'ben')])
  await ben.until(() => ben.texts.length > 20)
  await ann.node.dial(
    ben.node.getMultiaddrs().filter((address) => !isCircuit(address)),
    { force: true }
  )
  await Promise.all([
    ann.until(() => ann.conversations.carrier(ben.peer)?.direct === true),
    ben.until(() => ben.conversations.carrier(ann.peer)?.direct === true)
  ])
  await relay.stop()
  await talking
  await Promise.all(
    [ann, ben].map(({ conversations }) => conversations.delivered(AbortSignal.timeout(10_000)))
  )
  assert.deepEqual(ben.texts, numbered('ann'))
  assert.deepEqual(ann.texts, numbered('ben'))
  assert.deepEqual(
    ann.of('carrier').map(({ reason }) => reason),
    ['the relay carries it', 'a direct connection carries it now']
  )
})
