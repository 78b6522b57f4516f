// Sites that have IPv4, IPv6, or both.

import { Host } from './host.ts'
import { firewall6Rules, routerRules, type RouterKind } from './nat.ts'
import type { Network } from './network.ts'
import { build, RELAY_DELAY_MS, type Lab } from './topologies.ts'
import { wan6Addressing, wanAddressing, wanPort } from './wan.ts'

export interface StackOptions {
  /** Undefined: without IPv4. */
  ip4?: Extract<RouterKind, 'drop' | 'symmetric'>
  /** Behind a router that lets only answers in. */
  ip6?: boolean
}

export interface TwoStacksOptions {
  /** The family by which the relay is named. */
  relay: 4 | 6
  a: StackOptions
  b: StackOptions
}

/**
 * As `twoSites`, and with IPv6:
 *     a 2a07:707:0:2::2 -- router 2a07:707::2 --+-- 2a07:707::3 router -- 2a07:707:0:3::2 b
 *                                               |
 *                                      relay 2a07:707::1
 */
export function twoStacks(options: TwoStacksOptions): Promise<Lab> {
  return build(async (network) => {
    const [relay, a, b] = await Promise.all([
      relayHost(network, options.relay),
      stackedSite(network, 'a', 2, options.a),
      stackedSite(network, 'b', 3, options.b)
    ])
    return { relay, a, b }
  })
}

async function relayHost(network: Network, family: 4 | 6): Promise<Host> {
  const machine = await network.machine('relay')
  const uplink = await network.plug(machine, 'eth0', wanPort({ delayMs: RELAY_DELAY_MS }))
  await machine.ip(...wanAddressing('eth0', 1), ...wan6Addressing('eth0', 1))
  const address = family === 4 ? '7.7.7.1' : '2a07:707::1'
  return new Host(machine, { address, publicAddress: address, uplink })
}

async function stackedSite(
  network: Network,
  name: string,
  n: number,
  { ip4, ip6 = false }: StackOptions
): Promise<Host> {
  const [host, router] = await Promise.all([
    network.machine(name),
    network.machine(`router-${name}`)
  ])
  const [uplink] = await Promise.all([
    network.plug(router, 'wan', wanPort({})),
    network.wire(host, 'eth0', router, 'lan'),
    router.becomeRouter(),
    router.nft(firewall6Rules())
  ])
  const nat = { router, ifname: 'wan', addressing: wanAddressing('wan', n) }
  await router.ip(...nat.addressing, ...wan6Addressing('wan', n))
  const [lan4, lan6] = [`192.168.${n - 1}`, `2a07:707:0:${n}:`]
  if (ip4 !== undefined) {
    await router.nft(routerRules(ip4, `${lan4}.2`))
    await router.ip(`addr add ${lan4}.1/24 dev lan`)
    await host.ip(`addr add ${lan4}.2/24 dev eth0`, `route add default via ${lan4}.1`)
  }
  if (ip6) {
    // A router asks for its neighbours' Ethernet addresses from a link-local address.
    await router.ip(`addr add ${lan6}:1/64 dev lan nodad`, 'addr add fe80::1/64 dev lan nodad')
    await host.ip(`addr add ${lan6}:2/64 dev eth0 nodad`, `route add default via ${lan6}:1`)
  }
  if (ip4 === undefined)
    return new Host(host, { address: `${lan6}:2`, publicAddress: `${lan6}:2`, uplink })
  return new Host(host, { address: `${lan4}.2`, publicAddress: `7.7.7.${n}`, uplink, nat })
}
