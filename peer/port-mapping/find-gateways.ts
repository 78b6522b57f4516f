// The routers that forward ports, by whichever protocol they can be asked.
import { defaultRouters, lanInterfaces } from './default-routes.ts'
import type { Gateway } from './gateway.ts'
import { searchUpnp } from './ssdp.ts'
import { findUdpGateway } from './udp-gateway.ts'
import { openUpnpGateway } from './upnp-gateway.ts'

/** Interfaces of containers and virtual machines come by the dozen, and no router is behind them. */
const MAX_INTERFACES = 8

/** Within some 5 s; PCP and NAT-PMP first, which take back what they gave. Nothing is mapped yet. */
export async function findGateways(signal: AbortSignal): Promise<Gateway[]> {
  const routers = await defaultRouters()
  const [udp, upnp] = await Promise.all([
    Promise.allSettled(routers.map(async (host) => findUdpGateway(host, signal))),
    findUpnpGateways(routers, signal)
  ])
  signal.throwIfAborted()
  return [...fulfilled(udp), ...upnp]
}

async function findUpnpGateways(
  routers: readonly string[],
  signal: AbortSignal
): Promise<Gateway[]> {
  const interfaces = lanInterfaces().slice(0, MAX_INTERFACES)
  const found = await Promise.all(
    interfaces.map(async ({ address }) => searchUpnp(address, routers, signal))
  )
  const opened = found.flat().map(async (each) => openUpnpGateway(each, signal))
  return fulfilled(await Promise.allSettled(opened))
}

const fulfilled = <Value>(results: Array<PromiseSettledResult<Value>>): Value[] =>
  results.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []))
