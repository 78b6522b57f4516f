// What kind of place an IP address is, by the registries of special addresses. Of node:net it takes a table.
// https://www.iana.org/assignments/iana-ipv4-special-registry, https://www.iana.org/assignments/iana-ipv6-special-registry
import { BlockList, isIPv6 } from 'node:net'

export type HostKind =
  | 'public'
  | 'private'
  | 'provider'
  | 'loopback'
  | 'link-local'
  | 'unspecified'
  | 'documentation'
  | 'nobody'

/** The first that fits counts. */
const NETWORKS: Array<[HostKind, string[]]> = [
  ['unspecified', ['0.0.0.0/32', '::/128']],
  ['loopback', ['127.0.0.0/8', '::1/128']],
  ['link-local', ['169.254.0.0/16', 'fe80::/10']],
  ['private', ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7']],
  // Behind a provider's NAT, or in an overlay such as Tailscale's.
  ['provider', ['100.64.0.0/10']],
  [
    'documentation',
    ['192.0.2.0/24', '198.51.100.0/24', '203.0.113.0/24', '2001:db8::/32', '3fff::/20']
  ],
  ['nobody', ['0.0.0.0/8', '192.0.0.0/24', '198.18.0.0/15', '224.0.0.0/3', '100::/64', 'ff00::/8']]
]

const KINDS = NETWORKS.map(([kind, networks]): [HostKind, BlockList] => {
  const list = new BlockList()
  for (const network of networks) {
    const [address = '', bits] = network.split('/')
    list.addSubnet(address, Number(bits), address.includes(':') ? 'ipv6' : 'ipv4')
  }
  return [kind, list]
})

/** An IPv4 address that is written as an IPv6 one is what it holds. */
export function hostKind(host: string): HostKind {
  const family = isIPv6(host) ? 'ipv6' : 'ipv4'
  return KINDS.find(([, list]) => list.check(host, family))?.[0] ?? 'public'
}
