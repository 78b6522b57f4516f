// Two homes behind the one address of their carrier.

import { Host } from './host.ts'
import { routerRules, type RouterKind } from './nat.ts'
import type { Network } from './network.ts'
import type { SwitchPort } from './switch/switch.ts'
import { build, CARRIER_SIDE, RELAY_DELAY_MS, type Lab } from './topologies.ts'
import { publicHost, wanAddressing, wanPort } from './wan.ts'

export interface CarrierOptions {
  /** The carrier's. */
  nat: Extract<RouterKind, 'drop' | 'hairpin'>
}

/**
 *     a 192.168.1.2 -- home 100.64.0.2 --+
 *                                        +-- 100.64.0.1 carrier 7.7.7.2 -- relay 7.7.7.1
 *     b 192.168.2.2 -- home 100.64.0.3 --+
 * The homes' routers drop.
 */
export function oneCarrier({ nat: kind }: CarrierOptions): Promise<Lab> {
  return build(async (network) => {
    const [relay, router] = await Promise.all([
      publicHost(network, 'relay', 1, { delayMs: RELAY_DELAY_MS }),
      network.machine('carrier')
    ])
    const nat = { router, ifname: 'wan', addressing: wanAddressing('wan', 2) }
    const [uplink] = await Promise.all([
      network.plug(router, 'wan', wanPort({})),
      network.plug(router, 'lan', CARRIER_PORT),
      router.becomeRouter(),
      router.nft(routerRules(kind, CARRIER_SIDE))
    ])
    await router.ip(`addr add ${CARRIER_SIDE}/24 dev lan`, ...nat.addressing)
    const [a, b] = await Promise.all([home(network, 'a', 1, uplink), home(network, 'b', 2, uplink)])
    return { relay, a, b }
  })
}

const CARRIER_PORT = { segment: 'carrier', delayMs: 0, lossPercent: 0 }

async function home(network: Network, name: string, n: number, uplink: SwitchPort): Promise<Host> {
  const address = `192.168.${n}.2`
  const [host, router] = await Promise.all([network.machine(name), network.machine(`home-${name}`)])
  await Promise.all([
    network.wire(host, 'eth0', router, 'lan'),
    network.plug(router, 'wan', CARRIER_PORT),
    router.becomeRouter(),
    router.nft(routerRules('drop', address))
  ])
  const addressing = [
    `addr add 100.64.0.${n + 1}/24 dev wan`,
    `route add default via ${CARRIER_SIDE}`
  ]
  await Promise.all([
    router.ip(`addr add 192.168.${n}.1/24 dev lan`, ...addressing),
    host.ip(`addr add ${address}/24 dev eth0`, `route add default via 192.168.${n}.1`)
  ])
  const nat = { router, ifname: 'wan', addressing }
  return new Host(host, { address, publicAddress: '7.7.7.2', uplink, nat })
}
