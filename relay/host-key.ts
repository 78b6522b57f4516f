// What counts as one host when places are given out by host. (pure)
import { getNetConfig, isNetworkAddress } from '@libp2p/utils'
import type { Multiaddr } from '@multiformats/multiaddr'

/** An IPv4 address, or the /64 of an IPv6 one: whoever has one address of it has all of them. */
export function hostKey(remote: Multiaddr): string {
  if (!isNetworkAddress(remote)) return remote.toString()
  const { type, host } = getNetConfig(remote)
  return type === 'ip6' ? `${ip6Groups(host).slice(0, 4).join(':')}::/64` : host
}

function ip6Groups(host: string): string[] {
  const [head = '', tail] = host.split('::')
  const before = head === '' ? [] : head.split(':')
  const after = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = tail === undefined ? 0 : 8 - before.length - after.length
  return [...before, ...Array.from({ length: zeros }, () => '0'), ...after]
}
