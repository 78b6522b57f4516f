// What counts as one host when places are given out by host. (pure)
import { getNetConfig, isNetworkAddress } from '@libp2p/utils'
import type { Multiaddr } from '@multiformats/multiaddr'
import { ip6Network } from '../shared/ip6.ts'

/** An IPv4 address, or the /64 of an IPv6 one: whoever has one address of it has all of them. */
export function hostKey(remote: Multiaddr): string {
  if (!isNetworkAddress(remote)) return remote.toString()
  const { type, host } = getNetConfig(remote)
  return type === 'ip6' ? ip6Network(host) : host
}
