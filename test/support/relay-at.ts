// Relays that come, go and come back at one port.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import net from 'node:net'
import type { TestContext } from 'node:test'
import type { PrivateKey } from '@libp2p/interface'
import { startRelay, type Relay } from '../../relay/relay.ts'

export function portOf(server: net.Server): number {
  const address = server.address()
  assert.ok(address !== null && typeof address === 'object')
  return address.port
}

/** Nobody listens there now; somebody may by the time it is used. */
export async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const port = portOf(server)
  server.close()
  await once(server, 'close')
  return port
}

/** Stopped with the test, if not before. */
export async function relayAt(
  test: TestContext,
  port: number,
  privateKey: PrivateKey
): Promise<Relay> {
  const config = { privateKey, listen: [`/ip4/127.0.0.1/tcp/${port}`], announce: [] }
  const relay = await startRelay(config, { signal: new AbortController().signal })
  test.after(async () => relay[Symbol.asyncDispose]())
  return relay
}
