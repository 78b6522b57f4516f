// At which IPv4 hosts a relay is asked where it sees us, and at which it never is.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { multiaddr } from '@multiformats/multiaddr'
import { ip4HostsOf, portsElsewhere } from '../../../../peer/nat/ip4-hosts.ts'

const hostsOf = async (reached: string, ...told: string[]): Promise<string[]> =>
  ip4HostsOf(
    multiaddr(reached),
    told.map((address) => multiaddr(address))
  )

const IP6 = '/ip6/2a07:707::1/tcp/4001'

describe('the IPv4 hosts of a relay', () => {
  it('are the one at which it is reached, whatever it tells', async () => {
    const hosts = await hostsOf('/ip4/7.7.7.1/tcp/4001', '/ip4/7.7.7.9/tcp/4001')
    assert.deepEqual(hosts, ['7.7.7.1'])
  })

  it('are those that it tells when it is reached by IPv6, two at most', async () => {
    assert.deepEqual(await hostsOf(IP6, '/ip4/7.7.7.1/tcp/4001', IP6), ['7.7.7.1'])
    const many = [1, 1, 2, 3].map((n) => `/ip4/7.7.7.${n}/tcp/4001`)
    assert.deepEqual(await hostsOf(IP6, ...many), ['7.7.7.1', '7.7.7.2'])
  })

  it('are never private or on this machine when the relay is public', async () => {
    const private4 = ['/ip4/192.168.1.1/tcp/4001', '/ip4/127.0.0.1/tcp/4001']
    assert.deepEqual(await hostsOf(IP6, ...private4, '/dns4/localhost/tcp/4001'), [])
  })

  it('may be of the kind at which it is reached', async () => {
    const told = ['/ip4/192.168.1.1/tcp/4001', '/ip4/127.0.0.1/tcp/4001', '/ip4/7.7.7.1/tcp/4001']
    assert.deepEqual(await hostsOf('/ip6/fd00::1/tcp/4001', ...told), ['192.168.1.1', '7.7.7.1'])
    assert.deepEqual(await hostsOf('/ip6/::1/tcp/4001', ...told), ['127.0.0.1', '7.7.7.1'])
  })

  it('are those that a name of the relay’s stands for', async () => {
    assert.deepEqual(await hostsOf('/ip6/::1/tcp/4001', '/dns/localhost/tcp/4001'), ['127.0.0.1'])
  })

  it('are none that nobody can have, whoever tells them', async () => {
    const special = ['224.0.0.1', '0.0.0.0', '255.255.255.255', '169.254.1.1']
    assert.deepEqual(await hostsOf(IP6, ...special.map((host) => `/ip4/${host}/tcp/4001`)), [])
  })

  it('are none where names stand for nothing', async () => {
    // Longer than a label may be: nobody is asked.
    assert.deepEqual(await hostsOf(IP6, `/dns4/${'x'.repeat(64)}/tcp/4001`), [])
  })
})

describe('the ports that are asked there', () => {
  it('are one for each family, and none of the system’s services: the host may be somebody else’s', () => {
    assert.deepEqual(portsElsewhere([22, 4003, 445, 4004, 4005]), [4003, 4004])
  })
})
