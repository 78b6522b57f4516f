// The WAN of a lab: 7.7.7.0/24, because js-libp2p takes the documentation ranges for private. The relay is 7.7.7.1, the sites 2 and 3,
// and 4 is the exit of a VPN.

import { Host } from './host.ts'
import type { Network } from './network.ts'
import type { LinkOptions, PortOptions } from './switch/fabric.ts'

/** One way, of a site. */
const DEFAULT_DELAY_MS = 15

/** A host on the WAN itself, without a router. */
export async function publicHost(
  network: Network,
  name: string,
  n: number,
  link: Partial<LinkOptions>
): Promise<Host> {
  const machine = await network.machine(name)
  const uplink = await network.plug(machine, 'eth0', wanPort(link))
  await machine.ip(...wanAddressing('eth0', n))
  return new Host(machine, { address: `7.7.7.${n}`, publicAddress: `7.7.7.${n}`, uplink })
}

/**
 * The n-th address of the WAN, and the way to the public hosts behind the firewalls of the other sites.
 * Neighbours know each other's Ethernet address from the start: on a slow WAN, ARP would delay every first packet.
 */
export function wanAddressing(ifname: string, n: number): string[] {
  return [
    `link set ${ifname} address ${mac(n)}`,
    `addr add 7.7.7.${n}/24 dev ${ifname}`,
    ...[1, 2, 3, 4]
      .filter((other) => other !== n)
      .flatMap((other) => [
        `neigh replace 7.7.7.${other} lladdr ${mac(other)} dev ${ifname} nud permanent`,
        `route replace 7.7.${other}.0/24 via 7.7.7.${other}`
      ])
  ]
}

/** As `wanAddressing`, beside it: the WAN is 2a07:707::/64, and the n-th site has 2a07:707:0:n::/64. */
export function wan6Addressing(ifname: string, n: number): string[] {
  return [
    `addr add 2a07:707::${n}/64 dev ${ifname} nodad`,
    ...[1, 2, 3]
      .filter((other) => other !== n)
      .flatMap((other) => [
        `neigh replace 2a07:707::${other} lladdr ${mac(other)} dev ${ifname} nud permanent`,
        `route replace 2a07:707:0:${other}::/64 via 2a07:707::${other}`
      ])
  ]
}

function mac(n: number): string {
  return `02:07:07:07:00:0${n}`
}

export function wanPort({
  delayMs = DEFAULT_DELAY_MS,
  lossPercent = 0
}: Partial<LinkOptions>): PortOptions {
  return { segment: 'wan', delayMs, lossPercent }
}
