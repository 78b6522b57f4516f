// Whether an IPv6 address that is not served is anybody's fault.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import { ipv6Problem } from '../../../relay/listening.ts'
import { EXCUSED } from '../../support/left-out.ts'

const IPV4_ONLY = { eth0: [{ family: 'IPv4' }] }
const BOTH = { eth0: [{ family: 'IPv4' }, { family: 'IPv6' }] }

/** A listen address whose port somebody has. Undefined on a machine that has no IPv6 at all. */
async function taken(test: TestContext): Promise<string | undefined> {
  const server = createServer().listen({ host: '::1', port: 0, ipv6Only: true })
  test.after(() => server.close())
  const failed = once(server, 'error').then(() => true)
  if (await Promise.race([once(server, 'listening').then(() => false), failed])) return undefined
  const address = server.address()
  assert.ok(address !== null && typeof address === 'object')
  return `/ip6/::1/tcp/${address.port}`
}

describe('an IPv6 address that a relay does not serve', () => {
  it('is a fault when another program has its port', async (test) => {
    const address = await taken(test)
    if (address === undefined) return test.skip(EXCUSED.ipv6)
    const problem = await ipv6Problem([address], [], { signal: test.signal, interfaces: BOTH })
    assert.match(problem?.message ?? '', /in use by another program/)
  })

  it('is none where the machine has no IPv6 address: the port is our own then', async (test) => {
    const address = await taken(test)
    if (address === undefined) return test.skip(EXCUSED.ipv6)
    const options = { signal: test.signal, interfaces: IPV4_ONLY }
    assert.equal(await ipv6Problem([address], [], options), undefined)
  })

  it('is none when one is served', async (test) => {
    const options = { signal: test.signal, interfaces: BOTH }
    assert.equal(await ipv6Problem([], ['/ip6/::1/tcp/1/p2p/x'], options), undefined)
  })
})
