// What is left of a peer's node that could not start.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { it } from 'node:test'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { startPeerNode } from '../../../peer/node.ts'
import { UserError } from '../../../shared/errors.ts'
import { probePortReuse } from '../../../shared/transport/port-reuse.ts'
import { PunchTable } from '../../../shared/transport/punch-table.ts'

/** Binds, and lets go again; throws when the port is taken. Returns it. */
async function tryPort(port: number): Promise<number> {
  const server = createServer().listen(port, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  assert.ok(typeof address === 'object' && address !== null)
  server.close()
  await once(server, 'close')
  return address.port
}

it('a node that cannot listen on one of its addresses lets go of the others, and says which it was', async () => {
  const port = await tryPort(0)
  const started = startPeerNode({
    privateKey: await generateKeyPair('Ed25519'),
    // The second one is reserved for documentation: no host has it.
    listen: [`/ip4/127.0.0.1/tcp/${port}`, '/ip4/192.0.2.9/tcp/0'],
    announce: [],
    punches: new PunchTable(),
    reuse: probePortReuse()
  })
  await assert.rejects(started, (error: unknown) => {
    assert.ok(error instanceof UserError)
    assert.equal(
      error.message,
      'cannot listen on /ip4/192.0.2.9/tcp/0 (listen EADDRNOTAVAIL: address not available 192.0.2.9): choose another address with --listen'
    )
    return true
  })
  assert.equal(await tryPort(port), port)
})
