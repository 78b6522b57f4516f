// Two sites, one of which has a tunnel to somewhere else.

import { routerRules } from './nat.ts'
import type { Host } from './host.ts'
import type { Network } from './network.ts'
import { build, RELAY_DELAY_MS, site, type Lab } from './topologies.ts'
import { publicHost, wanAddressing, wanPort } from './wan.ts'

export interface VpnLab extends Lab {
  /** From now on all that host a sends goes through the tunnel, as clients of VPNs have it: 10.8.0.2 is its address there. */
  connectVpn(): Promise<void>
}

/** As `twoSites` with NATs that drop; the tunnel of a ends at 7.7.7.4, which is a NAT that drops, too. */
export function besideVpn(): Promise<VpnLab> {
  return build(async (network) => {
    const [relay, a, b] = await Promise.all([
      publicHost(network, 'relay', 1, { delayMs: RELAY_DELAY_MS }),
      site(network, 'a', 2, { nat: 'drop' }),
      site(network, 'b', 3, { nat: 'drop' })
    ])
    await digTunnel(network, a)
    // Routes that are more special than the default one, which stays.
    const routes = ['0.0.0.0/1', '128.0.0.0/1'].map((half) => `route add ${half} via 10.8.0.1`)
    const connectVpn = (): Promise<void> => a.machine.ip('addr add 10.8.0.2/24 dev tun0', ...routes)
    return { relay, a, b, connectVpn }
  })
}

async function digTunnel(network: Network, a: Host): Promise<void> {
  const exit = await network.machine('vpn')
  await Promise.all([
    network.plug(exit, 'wan', wanPort({})),
    network.wire(a.machine, 'tun0', exit, 'lan'),
    exit.becomeRouter(),
    exit.nft(routerRules('drop', '10.8.0.2'))
  ])
  await exit.ip('addr add 10.8.0.1/24 dev lan', ...wanAddressing('wan', 4))
}
