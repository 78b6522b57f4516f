// The networks that tests ask for.

import { Host } from './host.ts'
import type { Machine } from './machine.ts'
import { containerHostRules, routerRules } from './nat.ts'
import type { NatKind, RouterKind } from './nat.ts'
import { Network } from './network.ts'
import type { LinkOptions } from './switch/fabric.ts'
import { publicHost, wanAddressing, wanPort } from './wan.ts'

/** With a site's 15 ms: 40 ms RTT between host and relay, 60 ms between the hosts. */
export const RELAY_DELAY_MS = 5

export interface Lab extends AsyncDisposable {
  relay: Host
  a: Host
  b: Host
}

export interface SiteOptions extends Partial<LinkOptions> {
  nat: NatKind
}

export interface TwoSitesOptions {
  relay?: Partial<LinkOptions>
  a: SiteOptions
  b: SiteOptions
}

/**
 *     a 192.168.1.2 -- router 7.7.7.2 --+-- 7.7.7.3 router -- 192.168.2.2 b
 *                                       |
 *                                  relay 7.7.7.1
 * A host without a NAT has its router's address; behind a firewall it has 7.7.2.2 or 7.7.3.2. `double` has a router
 * between a or b and the one in the drawing, with 100.64.0.2 on the way out.
 */
export function twoSites(options: TwoSitesOptions): Promise<Lab> {
  return build(async (network) => {
    const [relay, a, b] = await Promise.all([
      publicHost(network, 'relay', 1, { delayMs: RELAY_DELAY_MS, ...options.relay }),
      site(network, 'a', 2, options.a),
      site(network, 'b', 3, options.b)
    ])
    return { relay, a, b }
  })
}

export interface OneNatOptions extends Partial<LinkOptions> {
  nat: Exclude<RouterKind, 'firewall'>
  relay?: Partial<LinkOptions>
}

/**
 *     a 192.168.1.2 --+
 *                     +-- 192.168.1.1 router 7.7.7.2 -- relay 7.7.7.1
 *     b 192.168.1.3 --+
 * The delay is the router's. A full cone gives everything to a. Faults of a and b are on the LAN.
 */
export function oneNat(options: OneNatOptions): Promise<Lab> {
  return build(async (network) => {
    const [relay, router, aMachine, bMachine] = await Promise.all([
      publicHost(network, 'relay', 1, { delayMs: RELAY_DELAY_MS, ...options.relay }),
      network.machine('router'),
      network.machine('a'),
      network.machine('b')
    ])
    const nat = { router, ifname: 'wan', addressing: wanAddressing('wan', 2) }
    await Promise.all([
      network.plug(router, 'wan', wanPort(options)),
      network.plug(router, 'lan', LAN_PORT),
      router.becomeRouter(),
      router.nft(routerRules(options.nat, '192.168.1.2'))
    ])
    await router.ip('addr add 192.168.1.1/24 dev lan', ...nat.addressing)
    const inside = async (machine: Machine, address: string): Promise<Host> => {
      const uplink = await network.plug(machine, 'eth0', LAN_PORT)
      await machine.ip(`addr add ${address}/24 dev eth0`, 'route add default via 192.168.1.1')
      return new Host(machine, { address, publicAddress: '7.7.7.2', uplink, nat })
    }
    const [a, b] = await Promise.all([
      inside(aMachine, '192.168.1.2'),
      inside(bMachine, '192.168.1.3')
    ])
    return { relay, a, b }
  })
}

/**
 *     a 172.17.0.2 -- docker0 172.17.0.1 on host 192.168.1.106 --+-- 192.168.1.108 b
 *                                                                |
 *                                                       relay 192.168.1.105
 * The seed system's own scene: a peer in a container, the other peer and the relay on the LAN of its host.
 */
export function container(): Promise<Lab> {
  return build(async (network) => {
    const [relay, b, a] = await Promise.all([
      lanHost(network, 'relay', '192.168.1.105'),
      lanHost(network, 'b', '192.168.1.108'),
      containerHost(network, 'a', '192.168.1.106')
    ])
    return { relay, a, b }
  })
}

/**
 *     a 172.17.0.2 -- docker0 172.17.0.1 on host 192.168.1.106 --+-- 192.168.1.107 host on docker0 172.17.0.1 -- 172.17.0.2 b
 *                                                                |
 *                                                       relay 192.168.1.105
 */
export function twoContainers(): Promise<Lab> {
  return build(async (network) => {
    const [relay, a, b] = await Promise.all([
      lanHost(network, 'relay', '192.168.1.105'),
      containerHost(network, 'a', '192.168.1.106'),
      containerHost(network, 'b', '192.168.1.107')
    ])
    return { relay, a, b }
  })
}

async function lanHost(network: Network, name: string, address: string): Promise<Host> {
  const machine = await network.machine(name)
  const uplink = await network.plug(machine, 'eth0', LAN_PORT)
  await machine.ip(`addr add ${address}/24 dev eth0`)
  return new Host(machine, { address, publicAddress: address, uplink })
}

async function containerHost(network: Network, name: string, lanAddress: string): Promise<Host> {
  const [inside, docker] = await Promise.all([
    network.machine(name),
    network.machine(`docker-${name}`)
  ])
  const nat = { router: docker, ifname: 'eth0', addressing: [`addr add ${lanAddress}/24 dev eth0`] }
  const [uplink] = await Promise.all([
    network.plug(docker, 'eth0', LAN_PORT),
    network.wire(inside, 'eth0', docker, 'veth0'),
    docker.becomeRouter(),
    docker.nft(containerHostRules())
  ])
  await docker.ip(
    ...nat.addressing,
    'link add docker0 type bridge',
    'link set veth0 master docker0',
    'addr add 172.17.0.1/16 dev docker0',
    'link set docker0 up'
  )
  await inside.ip('addr add 172.17.0.2/16 dev eth0', 'route add default via 172.17.0.1')
  return new Host(inside, { address: '172.17.0.2', publicAddress: lanAddress, uplink, nat })
}

export async function site(
  network: Network,
  name: string,
  n: number,
  options: SiteOptions
): Promise<Host> {
  const { nat: kind } = options
  if (kind === 'none') return publicHost(network, name, n, options)
  const hasPublicHost = kind === 'firewall'
  const subnet = hasPublicHost ? `7.7.${n}` : `192.168.${n - 1}`
  const address = `${subnet}.2`
  const [host, router] = await Promise.all([
    network.machine(name),
    network.machine(`router-${name}`)
  ])
  const nat = { router, ifname: 'wan', addressing: wanAddressing('wan', n) }
  const [uplink] = await Promise.all([
    network.plug(router, 'wan', wanPort(options)),
    kind === 'double'
      ? behindAnother(network, { host, outer: router, name, subnet })
      : network.wire(host, 'eth0', router, 'lan'),
    router.becomeRouter(),
    router.nft(routerRules(kind === 'double' ? 'drop' : kind, address))
  ])
  const lan = kind === 'double' ? CARRIER_SIDE : `${subnet}.1`
  await Promise.all([
    router.ip(`addr add ${lan}/24 dev lan`, ...nat.addressing),
    host.ip(`addr add ${address}/24 dev eth0`, `route add default via ${subnet}.1`)
  ])
  if (hasPublicHost) return new Host(host, { address, publicAddress: address, uplink })
  return new Host(host, { address, publicAddress: `7.7.7.${n}`, uplink, nat })
}

/** Between a home's router and its carrier's. */
export const CARRIER_SIDE = '100.64.0.1'
const HOME_SIDE = '100.64.0.2'

/** Puts a second router, which drops, between a host and its router. */
async function behindAnother(
  network: Network,
  { host, outer, name, subnet }: { host: Machine; outer: Machine; name: string; subnet: string }
): Promise<void> {
  const home = await network.machine(`home-${name}`)
  await Promise.all([
    network.wire(host, 'eth0', home, 'lan'),
    network.wire(home, 'wan', outer, 'lan'),
    home.becomeRouter(),
    home.nft(routerRules('drop', `${subnet}.2`))
  ])
  await home.ip(
    `addr add ${subnet}.1/24 dev lan`,
    `addr add ${HOME_SIDE}/24 dev wan`,
    `route add default via ${CARRIER_SIDE}`
  )
}

const LAN_PORT = { segment: 'lan', delayMs: 0, lossPercent: 0 }

/** A network that cannot be built to the end is removed before the error is passed on. */
export async function build<Hosts>(
  hosts: (network: Network) => Promise<Hosts>
): Promise<Hosts & AsyncDisposable> {
  const network = new Network()
  try {
    return {
      ...(await hosts(network)),
      [Symbol.asyncDispose]: () => network[Symbol.asyncDispose]()
    }
  } catch (error) {
    await network[Symbol.asyncDispose]()
    throw error
  }
}
