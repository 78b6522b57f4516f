// What kind of place an IP address is.
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { hostKind, type HostKind } from '../../../../relay/announced/host-kind.ts'

const HOSTS: Record<HostKind, string[]> = {
  public: [
    '7.7.7.7',
    '172.32.0.1',
    '100.128.0.1',
    '223.255.255.254',
    '2a00:1450::1',
    '::ffff:7.7.7.7'
  ],
  private: ['10.0.0.1', '172.16.0.1', '172.31.255.1', '192.168.1.5', 'fd00::2', '::ffff:10.0.0.1'],
  provider: ['100.64.0.1', '100.127.255.254'],
  loopback: ['127.0.0.1', '127.9.9.9', '::1'],
  'link-local': ['169.254.1.1', 'fe80::1'],
  unspecified: ['0.0.0.0', '::'],
  documentation: ['192.0.2.7', '198.51.100.7', '203.0.113.7', '2001:db8::1', '3fff::1'],
  nobody: ['0.1.2.3', '198.18.0.1', '224.0.0.1', '240.0.0.1', '255.255.255.255', 'ff02::1']
}

for (const [kind, hosts] of Object.entries(HOSTS)) {
  it(`${kind}: ${hosts.join(', ')}`, () => {
    for (const host of hosts) assert.equal(hostKind(host), kind, host)
  })
}
