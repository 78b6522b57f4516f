// A port that another program has is told in one sentence, before the library would share it.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import net from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import { multiaddr } from '@multiformats/multiaddr'
import { assertPortIsFree } from '../../../../shared/transport/free-port.ts'

async function busyPort(test: TestContext, options: net.ListenOptions = {}): Promise<number> {
  const server = net.createServer()
  test.after(() => server.close())
  return listening(server, options)
}

async function listening(server: net.Server, options: net.ListenOptions): Promise<number> {
  server.listen({ host: '127.0.0.1', port: 0, ...options })
  await once(server, 'listening')
  const address = server.address()
  assert.ok(address !== null && typeof address === 'object')
  return address.port
}

describe('a port to listen on', () => {
  it('is refused in one sentence when another program has it', async (t) => {
    const address = `/ip4/127.0.0.1/tcp/${await busyPort(t)}`
    await assert.rejects(assertPortIsFree(multiaddr(address)), {
      name: 'UserError',
      code: 'cannot-listen',
      exitCode: 1,
      message: `cannot listen on ${address}: the port is in use (another copy of this program?); choose another one with --listen`
    })
  })

  it('is refused also when the other program would share it', async (t) => {
    const port = await busyPort(t, { reusePort: true })
    await assert.rejects(assertPortIsFree(multiaddr(`/ip4/127.0.0.1/tcp/${port}`)), {
      code: 'cannot-listen',
      message: /the port is in use/
    })
  })

  it('is refused on all addresses when it is taken on one', async (t) => {
    const port = await busyPort(t)
    await assert.rejects(assertPortIsFree(multiaddr(`/ip4/0.0.0.0/tcp/${port}`)), {
      message: /the port is in use/
    })
  })

  it('is free again after it was tried, and may be left to the system', async () => {
    const server = net.createServer()
    const port = await listening(server, {})
    server.close()
    await once(server, 'close')
    await assertPortIsFree(multiaddr(`/ip4/127.0.0.1/tcp/${port}`))
    await assertPortIsFree(multiaddr(`/ip4/127.0.0.1/tcp/${port}`))
    await assertPortIsFree(multiaddr('/ip4/127.0.0.1/tcp/0'))
  })

  it('is of a machine: an address of another one is refused and named', async () => {
    await assert.rejects(assertPortIsFree(multiaddr('/ip4/192.0.2.1/tcp/45999')), {
      name: 'UserError',
      message: /^cannot listen on \/ip4\/192\.0\.2\.1\/tcp\/45999: .*choose another address/
    })
  })
})
