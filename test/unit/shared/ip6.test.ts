// IPv6 addresses as groups, in every way of writing them.
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { ip6Groups, ip6Network } from '../../../shared/ip6.ts'

const WRITTEN: Array<[string, number[]]> = [
  ['::', [0, 0, 0, 0, 0, 0, 0, 0]],
  ['::1', [0, 0, 0, 0, 0, 0, 0, 1]],
  ['0:0:0:0:0:0:0:1', [0, 0, 0, 0, 0, 0, 0, 1]],
  ['2001:db8::', [0x2001, 0xdb8, 0, 0, 0, 0, 0, 0]],
  ['2001:DB8::5:6', [0x2001, 0xdb8, 0, 0, 0, 0, 5, 6]],
  ['::ffff:127.0.0.1', [0, 0, 0, 0, 0, 0xffff, 0x7f00, 1]],
  ['64:ff9b::10.0.0.1', [0x64, 0xff9b, 0, 0, 0, 0, 0xa00, 1]]
]

for (const [text, groups] of WRITTEN) {
  it(`reads ${text}`, () => assert.deepEqual(ip6Groups(text), groups))
}

for (const [address, network] of [
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:DB8::9', '2001:db8:0:0::/64'],
  ['::1', '0:0:0:0::/64']
] as const) {
  it(`has ${address} in ${network}`, () => assert.equal(ip6Network(address), network))
}
