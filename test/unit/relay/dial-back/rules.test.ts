// Where a relay may dial somebody who asks for it.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { multiaddr } from '@multiformats/multiaddr'
import { dialBackTarget } from '../../../../relay/dial-back/rules.ts'

type Target = ReturnType<typeof dialBackTarget>

const PUBLIC = ['/ip4/7.7.7.1/tcp/45678/p2p/12D3KooWEHUQf4tPKh6TeSX5WdAhMP5xmtLXQDAeWrfUW8TLKvvv']
const BEHIND_ROUTER = ['/ip4/192.168.1.9/tcp/45678', '/ip4/127.0.0.1/tcp/45678']

function asked(
  from: string,
  {
    port = 4001,
    direct = true,
    relay = PUBLIC
  }: { port?: number; direct?: boolean; relay?: string[] } = {}
): Target {
  const addresses = relay.map((address) => multiaddr(address))
  return dialBackTarget({ from: multiaddr(from), direct, port, relay: addresses })
}

describe('a relay dials back', () => {
  it('the host from which it is asked, at the port that is named', () => {
    const elsewhere = '/ip4/7.7.7.2/tcp/61234'
    assert.deepEqual(asked(elsewhere), { host: '7.7.7.2', port: 4001 })
    assert.deepEqual(asked('/ip6/2a01::7/tcp/61234'), { host: '2a01::7', port: 4001 })
  })

  it('nobody over a circuit, nor where there is no TCP address', () => {
    assert.deepEqual(asked('/ip4/7.7.7.2/tcp/1', { direct: false }), {
      reason: 'asked over a circuit'
    })
    assert.deepEqual(asked('/dns4/relay.example/tcp/4001'), { reason: 'asked from no TCP address' })
    assert.deepEqual(asked('/ip4/7.7.7.2/udp/4001'), { reason: 'asked from no TCP address' })
  })

  it('no port of system services, but for those of the web', () => {
    for (const port of [1, 22, 25, 1023]) {
      const reason = `port ${port} is one of system services`
      assert.deepEqual(asked('/ip4/7.7.7.2/tcp/61234', { port }), { reason })
    }
    for (const port of [80, 443, 1024, 65_535]) {
      assert.deepEqual(asked('/ip4/7.7.7.2/tcp/61234', { port }), { host: '7.7.7.2', port })
    }
  })
})

describe('a relay that is for everybody does not dial into its own network', () => {
  const NEAR = ['127.0.0.1', '10.1.2.3', '172.17.0.1', '192.168.1.1', '100.64.0.9', '169.254.1.1']
  for (const host of NEAR) {
    it(`at ${host}`, () => {
      const reason = `${host} is nearer than those whom this relay is for`
      assert.deepEqual(asked(`/ip4/${host}/tcp/61234`), { reason })
      const named = { relay: ['/dns4/relay.example/tcp/45678', ...BEHIND_ROUTER] }
      assert.deepEqual(asked(`/ip4/${host}/tcp/61234`, named), { reason })
    })
  }

  it('at one of IPv6 either, however it is written', () => {
    for (const host of ['::1', 'fd00::1', 'fe80::1', '::ffff:10.1.2.3']) {
      assert.ok('reason' in asked(`/ip6/${host}/tcp/61234`), host)
    }
  })
})

describe('a relay that is for its own network', () => {
  it('dials into it, and to whoever comes from farther, but not to its own machine', () => {
    const own = { relay: BEHIND_ROUTER }
    assert.deepEqual(asked('/ip4/192.168.1.20/tcp/61234', own), {
      host: '192.168.1.20',
      port: 4001
    })
    assert.deepEqual(asked('/ip4/7.7.7.2/tcp/61234', own), { host: '7.7.7.2', port: 4001 })
    assert.ok('reason' in asked('/ip4/127.0.0.1/tcp/61234', own))
  })

  it('and is its own machine dials there', () => {
    const own = { relay: ['/ip4/127.0.0.1/tcp/45678'] }
    assert.deepEqual(asked('/ip4/127.0.0.1/tcp/61234', own), { host: '127.0.0.1', port: 4001 })
  })

  it('never dials where nobody is', () => {
    const own = { relay: ['/ip4/127.0.0.1/tcp/45678'] }
    for (const host of ['0.0.0.0', '224.0.0.1', '255.255.255.255', '198.18.0.1']) {
      assert.ok('reason' in asked(`/ip4/${host}/tcp/61234`, own), host)
    }
  })
})
